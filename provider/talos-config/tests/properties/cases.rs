//! How often a law is tried.

use crate::oracle::grammar::Dice;

/// Ten thousand times, or a million with `TALOS_STACK_DEEP`.
pub fn wanted() -> usize {
    if std::env::var_os("TALOS_STACK_DEEP").is_some() {
        1_000_000
    } else {
        10_000
    }
}

/// Tries a law until so many cases have fitted it: `law` is given the number of the attempt, and
/// answers with nothing if what it made up is no case of the law.
pub fn hold(seed: u64, mut law: impl FnMut(&mut Dice, usize) -> Option<()>) {
    let mut dice = Dice::new(seed);
    let wanted = wanted();
    let attempts = wanted * 60;
    let fitting = (0..attempts).filter_map(|attempt| law(&mut dice, attempt));
    let cases = fitting.take(wanted).count();
    assert_eq!(cases, wanted, "too few cases in {attempts} attempts");
}
