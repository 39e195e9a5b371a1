//! The numbers of the chip: fixed-point potentials, multipliers, rounding and tables.
//!
//! Potentials are counted in thresholds: 1 is the firing threshold, so that every layer's neurons compute in the same format.
//! An equation of `glocal-core` runs on [`Fixed`] as it runs on floats. Floats appear here where constants and tables are made,
//! never between an image and its class.

use std::ops::{Add, Div, Mul, Neg, Sub};
use std::sync::OnceLock;

use glocal_core::scalar::Scalar;
use glocal_core::surrogate::Surrogate;

/// Fractional bits of a [`Fixed`].
pub const FRACTION: u32 = 12;

/// Largest magnitude of a potential: signed 24 bits.
pub const MOST: i32 = (1 << 23) - 1;

/// A signed number of 24 bits, 12 of them fractional; sums and products saturate, products round towards minus infinity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fixed(pub i32);

impl Fixed {
    /// The nearest number, halves to even; saturated. Zero for NaN.
    pub fn nearest(value: f64) -> Fixed {
        Fixed::saturated(libm::rint(value * f64::from(1 << FRACTION)) as i64)
    }

    /// A raw number, limited to 24 bits.
    #[inline(always)]
    pub fn saturated(raw: i64) -> Fixed {
        Fixed(raw.clamp(-i64::from(MOST), i64::from(MOST)) as i32)
    }

    /// As a float, exactly.
    pub fn to_f64(self) -> f64 {
        f64::from(self.0) / f64::from(1 << FRACTION)
    }

    #[inline(always)]
    fn limited(raw: i32) -> Fixed {
        Fixed(raw.clamp(-MOST, MOST))
    }
}

// Sums of two numbers of 24 bits fit into 32.
impl Add for Fixed {
    type Output = Fixed;
    #[inline(always)]
    fn add(self, other: Fixed) -> Fixed {
        Fixed::limited(self.0 + other.0)
    }
}

impl Sub for Fixed {
    type Output = Fixed;
    #[inline(always)]
    fn sub(self, other: Fixed) -> Fixed {
        Fixed::limited(self.0 - other.0)
    }
}

impl Mul for Fixed {
    type Output = Fixed;
    #[inline(always)]
    fn mul(self, other: Fixed) -> Fixed {
        Fixed::saturated((i64::from(self.0) * i64::from(other.0)) >> FRACTION)
    }
}

/// Towards minus infinity; x/0 is the largest number of x's sign.
impl Div for Fixed {
    type Output = Fixed;
    #[inline(always)]
    fn div(self, other: Fixed) -> Fixed {
        if other.0 == 0 {
            return Fixed(self.0.signum() * MOST);
        }
        let (a, b) = (i64::from(self.0) << FRACTION, i64::from(other.0));
        Fixed::saturated(if (a % b != 0) && ((a < 0) != (b < 0)) { a / b - 1 } else { a / b })
    }
}

impl Neg for Fixed {
    type Output = Fixed;
    #[inline(always)]
    fn neg(self) -> Fixed {
        Fixed(-self.0)
    }
}

impl Scalar for Fixed {
    #[inline(always)]
    fn of(value: f64) -> Fixed {
        Fixed::nearest(value)
    }

    #[inline(always)]
    fn if_positive(self, yes: Fixed, no: Fixed) -> Fixed {
        if self.0 > 0 { yes } else { no }
    }

    fn exp(self) -> Fixed {
        static TABLE: OnceLock<Table> = OnceLock::new();
        TABLE.get_or_init(|| Table::new(libm::exp, 8)).at(self)
    }

    /// From a table of 256 entries of 8 bits over -4..4.
    fn tanh(self) -> Fixed {
        static TABLE: OnceLock<Table> = OnceLock::new();
        TABLE.get_or_init(|| Table::new(|x| libm::rint(libm::tanh(x) * 128.0).clamp(-127.0, 127.0) / 128.0, 7)).at(self)
    }

    fn atan(self) -> Fixed {
        static TABLE: OnceLock<Table> = OnceLock::new();
        TABLE.get_or_init(|| Table::new(libm::atan, 8)).at(self)
    }

    #[inline(always)]
    fn spike<G: Surrogate>(self, _: &G) -> Fixed {
        if self.0 > 0 { Fixed(1 << FRACTION) } else { Fixed(0) }
    }

    /// x · constant, the constant to 12 fractional bits.
    #[inline(always)]
    fn times(self, constant: f64) -> Fixed {
        self * Fixed::nearest(constant)
    }
}

/// A function of one number as the chip holds it: 256 entries, each for a range of inputs.
struct Table {
    /// Raw outputs.
    entries: [i32; 256],
    /// Inputs of an entry, 2^shift raw numbers.
    shift: u32,
}

impl Table {
    /// `f` at the middle of each range.
    fn new(f: impl Fn(f64) -> f64, shift: u32) -> Table {
        let middle = |entry: usize| (entry as f64 - 128.0 + 0.5) * f64::from(1_u32 << shift) / f64::from(1 << FRACTION);
        Table { entries: std::array::from_fn(|entry| Fixed::nearest(f(middle(entry))).0), shift }
    }

    /// Inputs beyond the table take its first or last entry.
    fn at(&self, x: Fixed) -> Fixed {
        Fixed(self.entries[((x.0 >> self.shift) + 128).clamp(0, 255) as usize])
    }
}

/// value / 2^shift to the nearest whole number, halves to even.
#[inline(always)]
pub fn rounded_shift(value: i64, shift: u32) -> i64 {
    if shift == 0 {
        return value;
    }
    let half = 1_i64 << (shift - 1);
    (value + half - 1 + ((value >> shift) & 1)) >> shift
}

/// A factor that turns sums into potentials: an integer of 16 bits, and a shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Multiplier {
    /// Signed, 16 bits.
    pub value: i32,
    /// Bits that the product is shifted right.
    pub shift: u32,
}

impl Multiplier {
    /// The nearest multiplier; `None` for numbers of magnitude 2^15 or more, and those that are none.
    pub fn nearest(real: f64) -> Option<Multiplier> {
        if !real.is_finite() || real.abs() >= 32_767.5 {
            return None;
        }
        if real == 0.0 {
            return Some(Multiplier { value: 0, shift: 0 });
        }
        // 2^14 <= |value| < 2^15, unless that would need more than 46 bits of shift.
        let (_, exponent) = libm::frexp(real.abs());
        let shift = (15 - exponent).clamp(0, 46);
        let value = libm::rint(libm::ldexp(real, shift));
        // Rounding up may have reached 2^15.
        if value.abs() > 32_767.0 && shift > 0 {
            return Some(Multiplier { value: libm::rint(value / 2.0) as i32, shift: shift as u32 - 1 });
        }
        Some(Multiplier { value: value as i32, shift: shift as u32 })
    }

    /// What it stands for.
    pub fn to_f64(self) -> f64 {
        libm::ldexp(f64::from(self.value), -(self.shift as i32))
    }

    /// sum · value / 2^shift, halves to even, limited to 24 bits.
    #[inline(always)]
    pub fn apply(self, sum: i32) -> Fixed {
        Fixed::saturated(rounded_shift(i64::from(sum) * i64::from(self.value), self.shift))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_to_even() {
        let shifted: Vec<i64> = (-6..=6).map(|value| rounded_shift(value, 2)).collect();
        // -1.5 -1.25 -1 -0.75 -0.5 -0.25 0 0.25 0.5 0.75 1 1.25 1.5
        assert_eq!(shifted, [-2, -1, -1, -1, 0, 0, 0, 0, 0, 1, 1, 1, 2]);
        assert_eq!((rounded_shift(7, 0), rounded_shift(10, 2), rounded_shift(14, 2)), (7, 2, 4));
    }

    #[test]
    fn numbers_saturate_and_round_down() {
        let largest = Fixed(MOST);
        assert_eq!((largest + Fixed(1), -largest - Fixed(1)), (largest, -largest));
        // 1.5 · 1.5 = 2.25; -1 raw times a half is -1 raw: towards minus infinity.
        assert_eq!(Fixed::of(1.5) * Fixed::of(1.5), Fixed::of(2.25));
        assert_eq!(Fixed(-1).times(0.5), Fixed(-1));
        assert_eq!((Fixed(7) / Fixed::of(-2.0), Fixed(-7) / Fixed::of(2.0)), (Fixed(-4), Fixed(-4)));
        assert_eq!((Fixed(5) / Fixed(0), Fixed(-5) / Fixed(0)), (largest, -largest));
        assert_eq!((Fixed::of(f64::NAN), Fixed::of(1e9)), (Fixed(0), largest));
    }

    /// Within half a range of inputs, and half a step of 1/128.
    #[test]
    fn the_table_of_tanh_follows_it() {
        for raw in (-40_000..40_000).step_by(13) {
            let (x, y) = (Fixed(raw).to_f64(), Fixed(raw).tanh());
            assert!((y.to_f64() - libm::tanh(x)).abs() <= 64.0 / 4096.0 + 1.0 / 256.0 + 1e-9, "{x} {y:?}");
            assert_eq!(y.0 % 32, 0, "eight bits");
            assert!(y.0.abs() <= 127 << 5);
        }
        assert!((Fixed::of(1.0).exp().to_f64() - libm::exp(1.0)).abs() < 0.1);
        assert!((Fixed::of(1.0).atan().to_f64() - libm::atan(1.0)).abs() < 0.02);
    }

    #[test]
    fn multipliers_are_near_and_exact_for_powers_of_two() {
        for real in [1e-9, 0.000_3, 0.3, -0.3, 0.999_99, 1.0, 3.0, -27_000.7, 32_767.4] {
            let multiplier = Multiplier::nearest(real).unwrap();
            assert!((multiplier.to_f64() / real - 1.0).abs() < 1.0 / 32_768.0 || real.abs() < 1e-8, "{real}");
            assert!(multiplier.value.abs() <= 32_767);
        }
        for exponent in -30..14 {
            let power = libm::ldexp(1.0, exponent);
            assert_eq!(Multiplier::nearest(power).unwrap().to_f64(), power);
        }
        assert_eq!(Multiplier::nearest(0.0).unwrap().apply(123), Fixed(0));
        for none in [32_768.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Multiplier::nearest(none), None);
        }
        // 100 · 0.125 = 12.5, to even
        assert_eq!(Multiplier::nearest(0.125).unwrap().apply(100), Fixed(12));
    }
}
