use super::*;

#[test]
fn every_line_of_each_table_reads() {
    for (line, kinds) in [
        (Line::V1_11, 18),
        (Line::V1_12, 37),
        (Line::V1_13, 45),
        (Line::V1_14, 90),
    ] {
        let tables = super::read::read(line.text()).unwrap();
        assert_eq!(tables.kinds.len(), kinds, "{line}");
        assert!(tables.structs.len() > 90, "{line}");
        let main = tables.kind("v1alpha1").unwrap();
        let names: Vec<_> = tables
            .body(main)
            .fields
            .iter()
            .map(|f| f.name.as_str())
            .collect();
        assert_eq!(
            names,
            ["version", "debug", "persist", "machine", "cluster"],
            "{line}"
        );
    }
}

#[test]
fn extra_secrets_exist() {
    for (owner, field) in secret::extra() {
        let known = Line::ALL.iter().any(|line| {
            let owner = line.tables().structs.iter().find(|s| s.name == *owner);
            owner.is_some_and(|s| s.field(field).is_some_and(|f| f.secret))
        });
        assert!(known, "{owner}.{field}");
    }
}

#[test]
fn secrets_are_marked_and_others_are_not() {
    for line in Line::ALL {
        let secret = |name: &str, field: &str| {
            let owner = line
                .tables()
                .structs
                .iter()
                .find(|s| s.name == name)
                .unwrap();
            owner.field(field).unwrap().secret
        };
        assert!(secret("v1alpha1.RegistryAuthConfig", "password"), "{line}");
        assert!(secret("v1alpha1.MachineConfig", "token"), "{line}");
        assert!(!secret("v1alpha1.MachineConfig", "type"), "{line}");
    }
}
