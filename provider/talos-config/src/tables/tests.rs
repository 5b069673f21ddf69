use super::*;

#[test]
fn every_line_of_the_table_reads() {
    let tables = super::read::read(include_str!("talos-1.12.txt")).unwrap();
    assert_eq!(tables.kinds.len(), 37);
    assert!(tables.structs.len() > 100);
    let main = tables.kind("v1alpha1").unwrap();
    let names: Vec<_> = tables
        .body(main)
        .fields
        .iter()
        .map(|f| f.name.as_str())
        .collect();
    assert_eq!(names, ["version", "debug", "persist", "machine", "cluster"]);
}

#[test]
fn extra_secrets_exist() {
    let tables = Line::V1_12.tables();
    let secret = |name: &str, field: &str| {
        let owner = tables.structs.iter().find(|s| s.name == name).unwrap();
        owner.field(field).unwrap().secret
    };
    assert!(secret("v1alpha1.RegistryAuthConfig", "password"));
    assert!(secret("v1alpha1.MachineConfig", "token"));
    assert!(!secret("v1alpha1.MachineConfig", "type"));
}
