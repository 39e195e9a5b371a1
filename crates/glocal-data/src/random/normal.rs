//! Normal random numbers by the ziggurat method.
//!
//! Written out here because the usual crates call the platform's `exp` and `ln`, which differ in the last bit between
//! machines; `libm` is the same Rust code everywhere. `sqrt` is exact by IEEE 754.
//!
//! # References
//! G. Marsaglia, W. W. Tsang, "The ziggurat method for generating random variables", J. Stat. Soft. 5 (2000),
//! doi:10.18637/jss.v005.i08; J. A. Doornik, "An improved ziggurat method to generate normal random samples" (2005),
//! whose independent bits for layer and position are used here.

use std::sync::OnceLock;

use super::Draws;

const LAYERS: usize = 256;
/// Where the tail begins, for 256 layers of equal area.
const TAIL_START: f64 = 3.654_152_885_361_009;

struct Ziggurat {
    /// Right edges of the layers, from the widest (index 0, the base) to 0.
    edge: [f64; LAYERS + 1],
    /// Density exp(-x²/2) at the edges.
    density: [f64; LAYERS + 1],
}

fn density(x: f64) -> f64 {
    libm::exp(-0.5 * x * x)
}

impl Ziggurat {
    fn new() -> Self {
        let half_sqrt_pi = 0.886_226_925_452_758; // ∫₀^∞ exp(-x²) dx
        let tail_area = 2.0_f64.sqrt() * half_sqrt_pi * libm::erfc(TAIL_START / 2.0_f64.sqrt());
        let layer_area = TAIL_START * density(TAIL_START) + tail_area;
        let mut edge = [0.0; LAYERS + 1];
        // The base layer is the rectangle under the tail's start plus the tail: drawn as one wider rectangle.
        edge[0] = layer_area / density(TAIL_START);
        edge[1] = TAIL_START;
        for i in 2..LAYERS {
            let height = layer_area / edge[i - 1] + density(edge[i - 1]);
            edge[i] = (-2.0 * libm::log(height)).sqrt();
        }
        Ziggurat { edge, density: edge.map(density) }
    }
}

fn tables() -> &'static Ziggurat {
    static TABLES: OnceLock<Ziggurat> = OnceLock::new();
    TABLES.get_or_init(Ziggurat::new)
}

/// One draw from N(0, 1).
pub(super) fn standard(draws: &mut Draws) -> f64 {
    let tables = tables();
    loop {
        let bits = draws.next_u64();
        let layer = (bits & 0xff) as usize;
        // 53 bits, signed: uniform in -1..1 and independent of the layer's 8 bits.
        let position = ((bits as i64) >> 11) as f64 * (1.0 / (1_u64 << 52) as f64);
        let x = position * tables.edge[layer];
        if x.abs() < tables.edge[layer + 1] {
            return x;
        }
        if layer == 0 {
            return tail(draws).copysign(x);
        }
        let (low, high) = (tables.density[layer], tables.density[layer + 1]);
        if low + (high - low) * draws.uniform_f64() < density(x) {
            return x;
        }
    }
}

/// Beyond the last layer: Marsaglia's exponential rejection.
fn tail(draws: &mut Draws) -> f64 {
    loop {
        // 1 - u lies in (0, 1], so that no logarithm of zero is taken.
        let x = -libm::log(1.0 - draws.uniform_f64()) / TAIL_START;
        let y = -libm::log(1.0 - draws.uniform_f64());
        if 2.0 * y > x * x {
            return TAIL_START + x;
        }
    }
}
