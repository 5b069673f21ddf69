//! The page of the documentation that lists all codes.

use super::CATALOGUE;

const HEAD: &str = "\
---
page_title: \"Errors of machines\"
description: \"What each code in a summary means, what is usually behind it and what to do.\"
---

# Errors of machines

These are the codes of the Talos client: what a machine, or the way to it, says. The plugin's own codes, of configuration, plans and
state, are on the page [Errors and warnings of the plugin](plugin-errors.md). Codes do not change, so that rules can be written on them,
such as `retryable_errors` of terragrunt. *Waited out* says that an operation goes on trying until its time is over; all others end at once.

| code | meaning | usual cause | what to do | waited out |
|---|---|---|---|---|
";

/// The page as Markdown, made from [`CATALOGUE`].
pub fn page() -> String {
    let mut text = HEAD.to_owned();
    for entry in &CATALOGUE {
        let waited = if entry.transient { "yes" } else { "no" };
        text += &format!(
            "| `{}` | {} | {} | {} | {waited} |\n",
            entry.text, entry.meaning, entry.cause, entry.cure
        );
    }
    text
}
