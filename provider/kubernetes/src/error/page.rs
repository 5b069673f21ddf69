//! The page of the documentation that lists all codes.

use super::CATALOGUE;

const HEAD: &str = "\
---
page_title: \"Errors of Kubernetes and Flux\"
description: \"What each code of the Kubernetes client means, what is usually behind it and what to do.\"
---

# Errors of Kubernetes and Flux

These are the codes of the Kubernetes client: what the API server, a registry or Flux says, or the way to them. The plugin's own codes are
on the page [Errors and warnings of the plugin](plugin-errors.md). Codes do not change, so that rules can be written on them. *Waited out*
says that an operation goes on trying until its time is over; all others end at once.

| code | meaning | usual cause | what to do | waited out |
|---|---|---|---|---|
";

/// The page as Markdown, made from [`CATALOGUE`].
pub fn page() -> String {
    let mut text = HEAD.to_owned();
    for entry in CATALOGUE {
        let waited = if entry.transient { "yes" } else { "no" };
        text += &format!(
            "| `{}` | {} | {} | {} | {waited} |\n",
            entry.text, entry.meaning, entry.cause, entry.cure
        );
    }
    text
}
