//! Reading tasks (shapes recorded with PVE 9.2).

use serde_json::{Value, json};

use super::{Task, Upid};
use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::call::Call;

/// Rows of a host's task list, newest first, and how many there are in all.
pub(crate) fn list(call: &mut Call<'_>) -> Reply {
    let rows = visible(call, Some(call.node()));
    let rows: Vec<&Task> = rows
        .into_iter()
        .filter(|task| matches(call, task))
        .collect();
    let total = rows.len();
    let start = usize::try_from(call.args.number("start").unwrap_or(0)).unwrap_or(0);
    let limit = usize::try_from(call.args.number("limit").unwrap_or(50)).unwrap_or(50);
    let page: Vec<Value> = rows
        .into_iter()
        .skip(start)
        .take(limit)
        .map(|task| row(task, true))
        .collect();
    call.total = Some(total);
    Ok(json!(page))
}

fn matches(call: &Call<'_>, task: &Task) -> bool {
    let args = &call.args;
    let failed = task.exit.as_deref().is_some_and(|exit| exit != "OK");
    let source = args.get("source").unwrap_or("archive");
    let vmid = args.get("vmid").is_none_or(|vmid| task.upid.id == vmid);
    let kind = args
        .get("typefilter")
        .is_none_or(|kind| task.upid.kind == kind);
    let user = args
        .get("userfilter")
        .is_none_or(|user| task.upid.user.contains(user));
    let state = match source {
        "active" => task.is_running(),
        "all" => true,
        _ => !task.is_running(),
    };
    vmid && kind && user && state && (failed || !args.flag("errors"))
}

/// Own tasks, or all with Sys.Audit.
fn visible<'a>(call: &'a Call<'_>, node: Option<&str>) -> Vec<&'a Task> {
    let user = call.user.id.clone();
    let tasks = call.dc.tasks.iter().rev();
    let place = node.map_or("/".to_owned(), |node| format!("/nodes/{node}"));
    let all = call.may(&place, &["Sys.Audit"]);
    tasks
        .filter(|task| task.started <= call.dc.now)
        .filter(|task| node.is_none_or(|node| task.upid.node == node))
        .filter(|task| all || task.upid.user == user)
        .collect()
}

fn row(task: &Task, pids: bool) -> Value {
    let mut row = head(task, pids);
    if let Some(ended) = task.ended {
        row["endtime"] = json!(ended / 1000);
        row["status"] = json!(task.exit);
    }
    row
}

fn head(task: &Task, pids: bool) -> Value {
    let upid = &task.upid;
    let (user, token) = upid.user.split_once('!').unwrap_or((&upid.user, ""));
    let mut head = json!({
        "upid": upid.to_string(),
        "node": upid.node,
        "type": upid.kind,
        "id": upid.id,
        "user": user,
        "starttime": upid.starttime,
    });
    if pids {
        head["pid"] = json!(upid.pid);
        head["pstart"] = json!(upid.pstart);
    }
    if !token.is_empty() {
        head["tokenid"] = json!(token);
    }
    head
}

/// Recent tasks of all hosts.
pub(crate) fn cluster_list(call: &mut Call<'_>) -> Reply {
    let rows = visible(call, None);
    let rows = rows.into_iter().take(25).map(|task| {
        let mut row = row(task, false);
        row["saved"] = json!(if task.is_running() { "0" } else { "1" });
        row
    });
    Ok(rows.collect())
}

/// Parts of a task.
pub(crate) fn index(call: &mut Call<'_>) -> Reply {
    parsed(call)?;
    Ok(json!([{ "name": "log" }, { "name": "status" }]))
}

fn parsed(call: &Call<'_>) -> Reply<Upid> {
    let text = call.args.get("upid").unwrap_or_default();
    let wrong = |()| Refusal::parameter("upid", "unable to parse worker upid");
    text.parse().map_err(wrong)
}

fn found<'a>(call: &'a Call<'_>) -> Reply<&'a Task> {
    let upid = parsed(call)?;
    let task = call.dc.task(&upid.to_string());
    let task = task.ok_or_else(|| Refusal::parameter("upid", "no such task"))?;
    let own = task.upid.user == call.user.id;
    if !own {
        call.check(&format!("/nodes/{}", task.upid.node), &["Sys.Audit"])?;
    }
    Ok(task)
}

/// Whether a task runs and how it ended.
pub(crate) fn status(call: &mut Call<'_>) -> Reply {
    let task = found(call)?;
    let mut status = head(task, true);
    let running = task.is_running();
    status["status"] = json!(if running { "running" } else { "stopped" });
    if let Some(exit) = &task.exit {
        status["exitstatus"] = json!(exit);
    }
    Ok(status)
}

/// Lines of a task's log; a log that is not there is one line that says so.
pub(crate) fn log(call: &mut Call<'_>) -> Reply {
    let upid = parsed(call)?;
    let lines = match call.dc.task(&upid.to_string()) {
        Some(_) => found(call)?.log.clone(),
        None => vec!["unable to open file - No such file or directory".to_owned()],
    };
    let start = usize::try_from(call.args.number("start").unwrap_or(0)).unwrap_or(0);
    let limit = match call.args.number("limit") {
        Some(0) => usize::MAX,
        limit => usize::try_from(limit.unwrap_or(50)).unwrap_or(50),
    };
    call.total = Some(lines.len());
    let page = lines.iter().enumerate().skip(start).take(limit);
    Ok(page
        .map(|(at, line)| json!({ "n": at + 1, "t": line }))
        .collect())
}

/// Stops a task; what it had done so far stays (documentation of `DELETE …/tasks/{upid}`).
pub(crate) fn abort(call: &mut Call<'_>) -> Reply {
    let upid = found(call)?.upid.clone();
    let vmid = upid.id.parse().unwrap_or_default();
    call.dc.abort_tasks(vmid, &upid.kind);
    Ok(Value::Null)
}
