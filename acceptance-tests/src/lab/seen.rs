//! A world as `talos-lab status` shows it.

use serde_json::Value;

/// What is in a world.
#[derive(Debug)]
pub struct Seen(pub Value);

impl Seen {
    /// Names of the VMs that are `status`, in order.
    pub fn vms(&self, status: &str) -> Vec<String> {
        names(&self.0["vms"], "status", status)
    }

    /// Names of the machines in a stage, in order.
    pub fn machines(&self, stage: &str) -> Vec<String> {
        names(&self.0["machines"], "stage", stage)
    }

    /// Of each machine that knows an etcd cluster, the ids of the members that vote.
    pub fn voters(&self) -> Vec<Vec<String>> {
        let machines = self.0["machines"].as_array().into_iter().flatten();
        let members = machines.filter_map(|machine| machine["etcd"].as_array());
        let voters = |members: &Vec<Value>| {
            let voting = members.iter().filter(|member| member["learner"] == false);
            voting
                .filter_map(|member| member["id"].as_str().map(str::to_owned))
                .collect()
        };
        members.map(voters).collect()
    }
}

fn names(list: &Value, key: &str, value: &str) -> Vec<String> {
    let all = list.as_array().into_iter().flatten();
    let mut names: Vec<_> = all
        .filter(|one| one[key] == value)
        .filter_map(|one| one["name"].as_str().map(str::to_owned))
        .collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::Seen;
    use serde_json::json;

    #[test]
    fn learners_do_not_vote() {
        let members = json!([{ "id": "a", "learner": false }, { "id": "b", "learner": true }]);
        let seen = Seen(
            json!({ "machines": [{ "name": "cp", "stage": "running", "etcd": members },
            { "name": "wk", "stage": "running", "etcd": null }] }),
        );
        assert_eq!(seen.voters(), [["a"]]);
        assert_eq!(seen.machines("running"), ["cp", "wk"]);
    }
}
