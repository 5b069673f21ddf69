use super::check_endpoint;

#[test]
fn endpoints_are_checked_before_anything_is_made() {
    for good in [
        "https://10.0.0.1:6443",
        "https://[fd00::1]:6443",
        "https://api.example.com",
    ] {
        assert!(check_endpoint(good).is_ok(), "{good}");
    }
    for (bad, says) in [
        ("10.0.0.1:6443", "try https://10.0.0.1:6443"),
        ("api.example.com", "try https://api.example.com:6443"),
        ("http://a:6443", "https://"),
        ("https://", "no host"),
        ("https://a:0", "port from 1"),
        ("https://a:99999", "port from 1"),
        ("https://a:b", "port"),
    ] {
        let error = check_endpoint(bad)
            .err()
            .map(|e| e.to_string())
            .unwrap_or_default();
        assert!(error.contains(says), "{bad}: {error}");
    }
}
