use std::cmp::Ordering;

use super::value::Value;

/// Sorts the keys of every free-form mapping in `value` as Go's YAML writer does.
pub fn sort_keys(value: &mut Value) {
    match value {
        Value::Map(map) => {
            for (_, child) in map.iter_mut() {
                sort_keys(child);
            }
            map.entries_mut()
                .sort_by(|(a, _), (b, _)| compare_keys(a, b));
        }
        Value::List(items) => items.iter_mut().for_each(sort_keys),
        _ => {}
    }
}

/// "Natural" order: runs of digits compare as numbers, and at the first difference what is no
/// letter comes before letters, unless the difference follows a digit: then letters come first.
pub fn compare_keys(a: &str, b: &str) -> Ordering {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let same = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let (Some(&x), Some(&y)) = (a.get(same), b.get(same)) else {
        return a.len().cmp(&b.len());
    };
    let after_digit = same > 0 && is_digit(a[same - 1]);
    match (x.is_alphabetic(), y.is_alphabetic()) {
        (true, true) => x.cmp(&y),
        (letter, other) if letter || other => {
            let first_is_less = if after_digit { letter } else { other };
            if first_is_less {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        }
        _ => compare_numbers(&a, &b, same).then(x.cmp(&y)),
    }
}

/// Compares the digit runs that start at `at`, and then their lengths.
fn compare_numbers(a: &[char], b: &[char], at: usize) -> Ordering {
    // A zero inside a longer number must not look like a leading zero.
    let inside = (a[at] == '0' || b[at] == '0')
        && a[..at]
            .iter()
            .rev()
            .take_while(|c| is_digit(**c))
            .any(|c| *c != '0');
    let (a, b) = (run(&a[at..], inside), run(&b[at..], inside));
    a.cmp(&b)
}

fn run(chars: &[char], inside: bool) -> (i64, usize) {
    let digits = chars.iter().take_while(|c| is_digit(**c)).count();
    let number = chars[..digits].iter().fold(i64::from(inside), |n, c| {
        n.wrapping_mul(10)
            .wrapping_add(i64::from(*c as u32) - i64::from('0' as u32))
    });
    (number, digits)
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || (!c.is_ascii() && c.is_numeric() && !c.is_alphabetic())
}
