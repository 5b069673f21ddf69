//! Counts of tests.

/// How many tests ended how.
#[derive(Default)]
pub struct Tally {
    pub passed: u64,
    pub failed: u64,
    pub skipped: u64,
}

impl Tally {
    /// Adds what libtest says at the end of a test binary; other lines say nothing.
    pub fn read(&mut self, line: &str) {
        let Some((_, counts)) = line.split_once("test result: ") else {
            return;
        };
        let count = |word: &str| -> u64 {
            counts
                .split(['.', ';'])
                .find_map(|part| part.trim().strip_suffix(word)?.trim().parse().ok())
                .unwrap_or(0)
        };
        self.passed += count("passed");
        self.failed += count("failed");
        self.skipped += count("ignored");
    }

    /// Adds another count.
    pub fn add(&mut self, other: &Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// Tests that skipped themselves ended as passed.
    pub fn move_skips(&mut self, skips: u64) {
        let moved = skips.min(self.passed);
        self.passed -= moved;
        self.skipped += moved;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tally_reads_what_libtest_prints() {
        let mut tally = Tally::default();
        tally.read("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.00s");
        tally
            .read("test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out");
        tally.read("running 12 tests");
        assert_eq!((tally.passed, tally.failed, tally.skipped), (15, 2, 1));
        tally.move_skips(4);
        assert_eq!((tally.passed, tally.failed, tally.skipped), (11, 2, 5));
    }
}
