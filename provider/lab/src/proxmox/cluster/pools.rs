//! Pools (API viewer; only the empty list is recorded).

use serde_json::{Value, json};

use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::call::Call;
use crate::proxmox::datacenter::Pool;

fn found<'a>(call: &'a Call<'_>, name: &str) -> Reply<&'a Pool> {
    let missing = || Refusal::die(format!("pool '{name}' does not exist"));
    call.dc.pools.get(name).ok_or_else(missing)
}

fn row(call: &Call<'_>, name: &str, pool: &Pool, members: bool) -> Value {
    let mut row = json!({ "poolid": name });
    if let Some(comment) = &pool.comment {
        row["comment"] = json!(comment);
    }
    if members {
        let vms = pool.vms.iter().filter_map(|vmid| {
            let vm = call.dc.vms.get(vmid)?;
            Some(crate::proxmox::vm::resource(call, *vmid, vm))
        });
        row["members"] = vms.collect();
    }
    row
}

/// Pools that the caller may see.
pub(crate) fn pools(call: &mut Call<'_>) -> Reply {
    let one = call.args.get("poolid");
    let seen = call.dc.pools.iter().filter(|(name, _)| {
        let wanted = one.is_none_or(|one| one == *name);
        wanted && call.may(&format!("/pool/{name}"), &["Pool.Audit"])
    });
    Ok(seen
        .map(|(name, pool)| row(call, name, pool, one.is_some()))
        .collect())
}

/// One pool with its members.
pub(crate) fn pool(call: &mut Call<'_>) -> Reply {
    let name = call.text("poolid").to_owned();
    let row = row(call, &name, found(call, &name)?, true);
    Ok(row)
}

/// Makes a pool.
pub(crate) fn pool_add(call: &mut Call<'_>) -> Reply {
    let name = call.text("poolid").to_owned();
    if call.dc.pools.contains_key(&name) {
        return Err(Refusal::die(format!("pool '{name}' already exists")));
    }
    let pool = Pool {
        comment: call.args.get("comment").map(str::to_owned),
        ..Pool::default()
    };
    call.dc.pools.insert(name, pool);
    Ok(Value::Null)
}

/// Adds or removes members.
pub(crate) fn pool_change(call: &mut Call<'_>) -> Reply {
    let name = call.text("poolid").to_owned();
    found(call, &name)?;
    let (delete, may_move) = (call.args.flag("delete"), call.args.flag("allow-move"));
    for vmid in call.args.items("vms") {
        let vmid: u32 = vmid.parse().unwrap_or_default();
        call.check(&format!("/vms/{vmid}"), &["VM.Allocate"])?;
        let before = call.dc.pool_of(vmid).map(str::to_owned);
        match (delete, &before) {
            (true, Some(own)) if *own == name => {}
            (true, _) => return Err(Refusal::die(format!("VM {vmid} is not a pool member"))),
            (false, Some(own)) if *own != name && !may_move => {
                let text = format!(
                    "VM {vmid} belongs already to pool '{own}' and 'allow-move' is not set"
                );
                return Err(Refusal::die(text));
            }
            (false, _) => {}
        }
        for pool in call.dc.pools.values_mut() {
            pool.vms.remove(&vmid);
        }
        if !delete && let Some(pool) = call.dc.pools.get_mut(&name) {
            pool.vms.insert(vmid);
        }
    }
    let comment = call.args.get("comment").map(str::to_owned);
    let storages = call.args.items("storage");
    if let Some(pool) = call.dc.pools.get_mut(&name) {
        pool.comment = comment.or_else(|| pool.comment.take());
        for storage in storages {
            match delete {
                true => pool.storages.remove(&storage),
                false => pool.storages.insert(storage),
            };
        }
    }
    Ok(Value::Null)
}

/// Removes an empty pool.
pub(crate) fn pool_remove(call: &mut Call<'_>) -> Reply {
    let name = call.text("poolid").to_owned();
    let pool = found(call, &name)?;
    if !pool.vms.is_empty() || !pool.storages.is_empty() {
        return Err(Refusal::die(format!("pool '{name}' is not empty")));
    }
    call.dc.pools.remove(&name);
    Ok(Value::Null)
}
