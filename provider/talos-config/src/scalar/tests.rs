use super::*;

#[test]
fn durations_read_and_print_as_in_go() {
    for (text, want) in [
        ("5m", "5m0s"),
        ("1h30m", "1h30m0s"),
        ("1.5s", "1.5s"),
        ("250ms", "250ms"),
        ("90s", "1m30s"),
        ("0", "0s"),
        ("-1m", "-1m0s"),
        ("1us", "1µs"),
    ] {
        assert_eq!(
            parse_duration(text).map(format_duration).as_deref(),
            Some(want),
            "{text}"
        );
    }
    for text in ["", "5", "m", "1x", "1h 2m", "."] {
        assert_eq!(parse_duration(text), None, "{text}");
    }
}

#[test]
fn urls_come_out_as_go_writes_them() {
    for text in [
        "https://a:6443",
        "https://[fd00::1]:6443/",
        "tcp://u:p@h/x?q=1#f",
        "a%20b",
        "/dev/x",
        "mailto:x@y",
        "http://h/a%2Fb",
        "https://h?",
    ] {
        assert_eq!(Url::parse(text).map(|u| u.to_string()).as_deref(), Ok(text));
    }
    assert_eq!(
        Url::parse("HTTPS://Host/a b")
            .map(|u| u.to_string())
            .as_deref(),
        Ok("https://Host/a%20b")
    );
    for text in [
        "https://a:x",
        "https://a b/",
        ":x",
        "https://[::1",
        "a:b:c\u{1}",
        "1:2",
        "h/%zz",
    ] {
        assert!(Url::parse(text).is_err(), "{text}");
    }
}

#[test]
fn sizes_read() {
    assert_eq!(parse_bytes("10GB"), Some(10_000_000_000));
    assert_eq!(parse_bytes("4 GiB"), Some(4 << 30));
    assert_eq!(parse_bytes("1,024"), Some(1024));
    assert_eq!(parse_bytes("x"), None);
}

#[test]
fn addresses_read() {
    assert_eq!(parse_prefix("10.0.0.1/24").map(|p| p.bits), Some(24));
    assert!(parse_prefix("10.0.0.1/33").is_none());
    assert!(parse_prefix("10.0.0.1").is_none());
    assert!(parse_addr("fe80::1%eth0").is_some());
    assert!(parse_addr_port("[fd00::1]:51820").is_some());
    assert!(parse_addr_port("fd00::1:51820").is_none());
}
