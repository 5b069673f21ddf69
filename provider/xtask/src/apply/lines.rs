//! What terragrunt writes, line by line: whose a line is, and whether people want to see it. Pure.

use acceptance_tests::stages::Stage;

/// A line that a stage wrote, such as `12:00:01.123 STDOUT [apply] tofu-1.12.6: text`.
#[derive(Debug, PartialEq, Eq)]
pub struct StageLine<'a> {
    /// Name of the stage.
    pub stage: &'static str,
    /// What it says to people, if it does.
    pub news: Option<&'a str>,
    /// What became of the stage, on the line that tells it.
    pub result: Option<&'a str>,
}

/// Reads a line of a stage; `None` for lines of terragrunt itself.
pub fn read(line: &str) -> Option<StageLine<'_>> {
    let (before, rest) = line.split_once(']')?;
    let (channel, name) = before.rsplit_once('[')?;
    let folder = name.trim_end_matches('/').rsplit('/').next();
    let stage = Stage::ALL
        .into_iter()
        .find(|stage| folder == Some(stage.name()))?;
    let text = of_core(rest.trim_start());
    let news = if text.starts_with("TF_LOG:") {
        phase(text)
    } else {
        // What goes wrong is shown in full.
        (channel.contains("STDERR") || is_news(text)).then(|| text.trim_end())
    };
    Some(StageLine {
        stage: stage.name(),
        news: news.filter(|text| !text.is_empty()),
        result: text.strip_prefix("Apply complete! Resources: "),
    })
}

/// What terragrunt itself complains of, other than that a stage failed, which the stage tells better.
pub fn complaint(line: &str) -> Option<&str> {
    let at = ["ERROR", "WARN"].iter().find_map(|word| line.find(word))?;
    let text = line.get(at..)?.trim_end();
    (!text.ends_with("occurred:")).then_some(text)
}

/// Text without the name of the program that wrote it.
fn of_core(text: &str) -> &str {
    match text.split_once(": ") {
        Some((program, text))
            if program.starts_with("tofu") || program.starts_with("terraform") =>
        {
            text
        }
        _ => text,
    }
}

/// What the provider says that it is doing, out of all that it logs.
fn phase(text: &str) -> Option<&str> {
    const FIELDS: [&str; 3] = [": @module=", ": operation=", ": timestamp="];
    if !text.contains("@module=provider.framework.operation.context") {
        return None;
    }
    let (_, said) = text.split_once("terraform-provider-talos-stack")?;
    let (_, said) = said.split_once(": ")?;
    let end = FIELDS.iter().filter_map(|field| said.find(field)).min()?;
    said.get(..end)
}

/// The plan itself is long, and can be read with `terragrunt plan`.
fn is_news(text: &str) -> bool {
    const NEWS: [&str; 10] = [
        ": Creating...",
        ": Creation complete",
        ": Modifying...",
        ": Modifications complete",
        ": Destroying...",
        ": Destruction complete",
        "Apply complete!",
        "No changes.",
        "Plan: ",
        "Warning: ",
    ];
    // The lock file is of this machine alone: the provider was built here.
    NEWS.iter().any(|news| text.contains(news)) && !text.contains("Incomplete lock file")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news(line: &str) -> Option<&str> {
        read(line).unwrap().news
    }

    #[test]
    fn lines_are_put_down_to_their_stage() {
        let line = "12:00:01.123 STDOUT [apply] tofu-1.12.6: talos_machine_apply.node[\"realcp01\"]: Creating...";
        let expected = StageLine {
            stage: "apply",
            news: Some("talos_machine_apply.node[\"realcp01\"]: Creating..."),
            result: None,
        };
        assert_eq!(read(line), Some(expected));
        assert_eq!(read("12:00:01.123 INFO   The queue has started"), None);
    }

    #[test]
    fn what_became_of_a_stage_is_read() {
        let line = "12:00:01.123 STDOUT [patch] tofu-1.12.6: Apply complete! Resources: 3 added, 0 changed, 0 destroyed.";
        assert_eq!(
            read(line).unwrap().result,
            Some("3 added, 0 changed, 0 destroyed.")
        );
    }

    #[test]
    fn plans_and_the_lock_file_are_left_out() {
        let plan = "12:00:01.123 STDOUT [apply] tofu-1.12.6:   + id = (known after apply)";
        assert_eq!(news(plan), None);
        let lock = "12:00:01.123 STDOUT [apply] tofu-1.12.6: Warning: Incomplete lock file information for providers";
        assert_eq!(news(lock), None);
    }

    #[test]
    fn errors_are_shown_in_full() {
        let cause =
            "12:00:01.123 STDERR [apply] tofu-1.12.6: the certificate is of another cluster";
        assert_eq!(news(cause), Some("the certificate is of another cluster"));
    }

    #[test]
    fn the_provider_tells_what_it_waits_for() {
        let line = "12:00:01.123 INFO   [bootstrap] tofu-1.12.6: TF_LOG: provider.terraform-provider-talos-stack_v0.1.0: \
            cluster: 1 of 3 vote: @module=provider.framework.operation.context operation=\"create\" timestamp=now";
        assert_eq!(news(line), Some("cluster: 1 of 3 vote"));
        let other =
            "12:00:01.123 INFO   [bootstrap] tofu-1.12.6: TF_LOG: provider: plugin process exited";
        assert_eq!(news(other), None);
    }

    #[test]
    fn terragrunts_own_complaints_are_told_once() {
        assert_eq!(
            complaint("12:00:01.123 ERROR  there is no root.hcl"),
            Some("ERROR  there is no root.hcl")
        );
        assert_eq!(
            complaint("12:00:01.123 ERROR  Run failed: 2 errors occurred:"),
            None
        );
        assert_eq!(complaint("12:00:01.123 INFO   all is well"), None);
    }
}
