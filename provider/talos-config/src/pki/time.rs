use super::der;

/// Whole seconds since 1970-01-01T00:00:00Z. The caller reads the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

struct Civil {
    year: i64,
    month: i64,
    day: i64,
    second_of_day: i64,
}

const DAY: i64 = 86_400;

impl Timestamp {
    /// This moment moved by `seconds`.
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// RFC 3339 in UTC, such as `2026-01-02T03:04:05Z`.
    pub fn to_rfc3339(self) -> String {
        let Civil {
            year,
            month,
            day,
            second_of_day: s,
        } = self.civil();
        let (hour, minute, second) = (s / 3600, s / 60 % 60, s % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }

    /// The `Time` of a certificate: RFC 5280 wants UTCTime from 1950 to 2049.
    pub(crate) fn to_der(self) -> Vec<u8> {
        let Civil {
            year,
            month,
            day,
            second_of_day: s,
        } = self.civil();
        let (hour, minute, second) = (s / 3600, s / 60 % 60, s % 60);
        let rest = format!("{month:02}{day:02}{hour:02}{minute:02}{second:02}Z");
        if (1950..2050).contains(&year) {
            der::element(der::UTC_TIME, format!("{:02}{rest}", year % 100).as_bytes())
        } else {
            der::element(der::GENERALIZED_TIME, format!("{year:04}{rest}").as_bytes())
        }
    }

    /// Reads the `Time` of a certificate.
    pub(crate) fn from_der(element: der::Element<'_>) -> Result<Self, der::DerError> {
        let text = std::str::from_utf8(element.content).map_err(|_| der::DerError)?;
        let text = text.strip_suffix('Z').ok_or(der::DerError)?;
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(der::DerError);
        }
        let digits = match element.tag {
            der::UTC_TIME if text.len() == 12 => {
                format!("{}{text}", if &text[..1] < "5" { "20" } else { "19" })
            }
            der::GENERALIZED_TIME if text.len() == 14 => text.to_owned(),
            _ => return Err(der::DerError),
        };
        let field = |from: usize, to: usize| digits[from..to].parse().unwrap_or(0_i64);
        let days = days_from_civil(field(0, 4), field(4, 6), field(6, 8));
        Ok(Self(
            days * DAY + field(8, 10) * 3600 + field(10, 12) * 60 + field(12, 14),
        ))
    }

    /// Proleptic Gregorian calendar, counted in eras of 400 years that start on 1 March.
    fn civil(self) -> Civil {
        let days = self.0.div_euclid(DAY) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let month = if shifted < 10 {
            shifted + 3
        } else {
            shifted - 9
        };
        Civil {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month,
            day: day_of_year - (153 * shifted + 2) / 5 + 1,
            second_of_day: self.0.rem_euclid(DAY),
        }
    }
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted = (month + 9) % 12;
    let day_of_year = (153 * shifted + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments_print_as_rfc_3339() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_767_225_599, "2025-12-31T23:59:59Z"),
            (4_102_444_800, "2100-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(Timestamp(seconds).to_rfc3339(), text);
        }
    }

    #[test]
    fn certificate_time_is_read_back() {
        for seconds in [
            0,
            951_782_400,
            1_767_225_599,
            2_524_607_999,
            2_524_608_000,
            4_102_444_801,
        ] {
            let written = Timestamp(seconds).to_der();
            let element = der::Reader::new(&written).any().unwrap();
            assert_eq!(Timestamp::from_der(element).unwrap().0, seconds);
        }
    }
}
