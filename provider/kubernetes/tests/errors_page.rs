//! docs/guides/kubernetes-errors.md is what the catalogue says. `TALOS_STACK_WRITE=1 cargo test -p kubernetes --test errors_page` writes it.

use std::fs;
use std::path::Path;

#[test]
fn page_equals_catalogue() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides/kubernetes-errors.md");
    let wanted = kubernetes::errors_page();
    if std::env::var_os("TALOS_STACK_WRITE").is_some() {
        fs::write(&path, &wanted).unwrap();
    }
    let present = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        present == wanted,
        "docs/guides/kubernetes-errors.md is out of date; see the head of this test"
    );
}
