use super::Placed;
use crate::document::LoadError;
use crate::yaml::Step;

/// How many of the last operations are looked at one by one. Before them steps grow: there, a
/// mistake that was made good and then made again can be blamed.
const ONE_BY_ONE: usize = 500;

/// The position of the operation that is to blame for `error`, for which the result of all
/// operations is refused: the one from which on it is refused for that. `refused` says why the
/// result of some of the first operations is.
pub(in crate::merge) fn blame<'a>(
    operations: &[Placed<'a>],
    error: &LoadError,
    refused: impl Fn(&[Placed<'a>]) -> Option<LoadError>,
) -> usize {
    let spoilt = |count: usize| {
        refused(&operations[..count]).is_some_and(|earlier| is_same_fault(&earlier, error))
    };
    // As many operations are too many, as many are not.
    let (mut bad, mut good, mut step) = (operations.len(), 0, 1);
    while let Some(count @ 1..) = bad.checked_sub(step) {
        if !spoilt(count) {
            good = count;
            break;
        }
        bad = count;
        if operations.len() - bad >= ONE_BY_ONE {
            step *= 2;
        }
    }
    while bad - good > 1 {
        let middle = good.midpoint(bad);
        if spoilt(middle) {
            bad = middle;
        } else {
            good = middle;
        }
    }
    bad.saturating_sub(1)
}

/// Whether two errors are about the same. Positions do not count: operations move the items of
/// lists.
fn is_same_fault(one: &LoadError, other: &LoadError) -> bool {
    let keys = |error: &LoadError| {
        let mut steps = Step::parse_path(&error.path).unwrap_or_default();
        steps.retain(|step| matches!(step, Step::Key(_)));
        steps
    };
    one.message == other.message && keys(one) == keys(other)
}
