use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use super::*;

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn logged(level: tracing::Level, work: impl FnOnce()) -> Vec<serde_json::Value> {
    let sink = Sink::default();
    let writer = sink.clone();
    let subscriber =
        tracing_subscriber::registry().with(HclogLayer::new(level, move || writer.clone()));
    tracing::subscriber::with_default(subscriber, work);
    let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn lines_have_what_core_parses_and_the_fields_of_their_spans() {
    let lines = logged(tracing::Level::DEBUG, || {
        let span = tracing::debug_span!(
            "rpc",
            tf_rpc = "plan",
            tf_resource_type = tracing::field::Empty
        );
        span.record("tf_resource_type", "demo_file");
        let _entered = span.enter();
        tracing::warn!(count = 2, "two things");
        tracing::trace!("too fine");
        tracing::debug!(target: "h2::codec", "noise");
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    let line = &lines[0];
    assert_eq!(
        (&line["@level"], &line["@message"], &line["count"]),
        (&"warn".into(), &"two things".into(), &2.into())
    );
    assert_eq!(
        (&line["tf_rpc"], &line["tf_resource_type"]),
        (&"plan".into(), &"demo_file".into())
    );
    assert_eq!(
        line["@timestamp"].as_str().unwrap().len(),
        "2006-01-02T15:04:05.000000Z".len()
    );
}

#[test]
fn times_are_exact() {
    let time = |seconds: u64, micros: u64| {
        format::timestamp(
            SystemTime::UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_micros(micros),
        )
    };
    assert_eq!(time(0, 0), "1970-01-01T00:00:00.000000Z");
    assert_eq!(time(951_782_399, 5), "2000-02-28T23:59:59.000005Z");
    assert_eq!(time(951_782_400, 0), "2000-02-29T00:00:00.000000Z");
    assert_eq!(time(1_767_225_599, 999_999), "2025-12-31T23:59:59.999999Z");
}

#[test]
fn the_closest_variable_decides() {
    let ask = |variables: &[(&str, &str)]| {
        level("talos-stack", |name| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    };
    assert_eq!(ask(&[]), None);
    assert_eq!(ask(&[("TF_LOG", "info")]), Some(tracing::Level::INFO));
    assert_eq!(ask(&[("TF_LOG", "info"), ("TF_LOG_PROVIDER", "OFF")]), None);
    assert_eq!(
        ask(&[
            ("TF_LOG_PROVIDER", "warn"),
            ("TF_LOG_PROVIDER_TALOS_STACK", "JSON")
        ]),
        Some(tracing::Level::TRACE)
    );
    assert_eq!(ask(&[("TF_LOG", "")]), None);
}
