//! A simulated event camera: images in, recordings out.
//!
//! An image is moved along a path before a sensor, as N-MNIST was recorded; each pixel reports when the logarithm of its
//! light has changed by a threshold.
//!
//! ```
//! use glocal_data::{DvsConfig, SensorSize, Split, Stream, dvs, embedded};
//! let images = embedded::fashion_mnist(Split::Test)?;
//! let config = DvsConfig::new(SensorSize { width: 34, height: 34 });
//! let recording = dvs::simulate(&images, 0, &config, &Stream::new(0))?;
//! assert!(recording.events.len() > 1000);
//! # Ok::<(), glocal_data::DataError>(())
//! ```
//!
//! # References
//! Y. Hu, S.-C. Liu, T. Delbruck, "v2e: From video frames to realistic DVS events" (2021),
//! doi:10.1109/CVPRW53098.2021.00144 (thresholds that differ between pixels, background activity);
//! H. Rebecq, D. Gehrig, D. Scaramuzza, "ESIM: an open event camera simulator" (2018), CoRL, PMLR 87
//! (light linear between samples, refractory period); G. Orchard et al., "Converting static image datasets to spiking
//! neuromorphic datasets using saccades" (2015), doi:10.3389/fnins.2015.00437 (the path).

mod pixels;
mod scene;

use serde::{Deserialize, Serialize};

use crate::{
    DataError, ImageDataset, Recording, SensorSize, Stream,
    events::{corrupt, pixels::check_size, poisson::merge},
    text::check,
};
pub use pixels::DvsPixels;
use scene::Scene;

/// How an image moves before the sensor.
///
/// # Units
/// Pixels of the sensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum SaccadePath {
    /// Three legs, as of N-MNIST: from the upper left down to the middle, up to the right, and back to the left.
    Triangle {
        /// Its width and its height.
        size_pixels: f64,
    },
    /// Straight legs between points of one's own.
    Points {
        /// Where the image's centre is, `[right, down]` of the sensor's, at the start and at the end of each leg.
        offsets_pixels: Vec<[f64; 2]>,
    },
}

impl SaccadePath {
    /// Where legs begin and end, `[right, down]`.
    fn points(&self) -> Vec<[f64; 2]> {
        match self {
            SaccadePath::Triangle { size_pixels } => {
                let half = size_pixels / 2.0;
                vec![[-half, -half], [0.0, half], [half, -half], [-half, -half]]
            }
            SaccadePath::Points { offsets_pixels } => offsets_pixels.clone(),
        }
    }
}

/// What a pixel needs to fire, and what it does without cause.
///
/// # Equation
/// L is the logarithm of a pixel's light, linear in time between samples, and R its reference, L at the start. When L
/// reaches R + θ_on there is an on event and R grows by θ_on; when it reaches R - θ_off, an off event, and R falls by
/// θ_off. An event less than the refractory period after the last one that was sent is not sent, but moves R all the
/// same. Each pixel's thresholds are θ·(1 + mismatch·n), n normal with variance 1 and drawn once for each pixel and
/// polarity, but at least θ/10.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DvsPixelConfig {
    /// θ_on, in natural logarithms of light.
    pub threshold_on: f64,
    /// θ_off.
    pub threshold_off: f64,
    /// Standard deviation of the thresholds between pixels, as a share of the threshold.
    pub mismatch: f64,
    /// Shortest time between two events of a pixel, in microseconds.
    pub refractory_us: u64,
}

impl Default for DvsPixelConfig {
    /// Thresholds of v2e's standard settings, with their mismatch as a share.
    fn default() -> Self {
        DvsPixelConfig { threshold_on: 0.2, threshold_off: 0.2, mismatch: 0.15, refractory_us: 500 }
    }
}

/// A simulated recording.
///
/// # Equation
/// A pixel's light is x + `dark`, where the image of intensities x in 0..=1, enlarged by `scale` and centred on the
/// sensor, then moved along `path`, is interpolated between its pixels in the logarithm. Beside the image x is 0. Every
/// leg of the path takes the same time. Light is sampled every `step_us`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DvsConfig {
    /// The sensor.
    pub sensor: SensorSize,
    /// How the image moves.
    pub path: SaccadePath,
    /// How long, in microseconds.
    pub duration_us: u64,
    /// Time between samples of the light, in microseconds; events fall in between.
    pub step_us: u64,
    /// Pixels of the sensor for each pixel of the image.
    pub scale: f64,
    /// Light that is always there, as a share of white.
    pub dark: f64,
    /// The pixels.
    pub pixel: DvsPixelConfig,
    /// Events without cause, a second and pixel, on and off evenly.
    pub noise_hz: f64,
}

/// Most samples of the light in a recording.
const MOST_STEPS: u64 = 1_000_000;

impl DvsConfig {
    /// N-MNIST's path over 4 pixels in 100 ms, sampled each millisecond, with some noise: our choice.
    pub fn new(sensor: SensorSize) -> Self {
        DvsConfig {
            sensor,
            path: SaccadePath::Triangle { size_pixels: 4.0 },
            duration_us: 100_000,
            step_us: 1_000,
            scale: 1.0,
            dark: 0.1,
            pixel: DvsPixelConfig::default(),
            noise_hz: 0.1,
        }
    }

    /// Checks the parameters; [`simulate`] does so, too.
    ///
    /// # Errors
    /// [`DataError::Parameter`].
    pub fn validate(&self) -> Result<(), DataError> {
        check_size(self.sensor)?;
        self.pixel.validate()?;
        let positive = |what, value: f64| check(value > 0.0 && value.is_finite(), what, value, "a number above 0");
        positive("dvs.scale", self.scale)?;
        check((1e-6..=1e6).contains(&self.dark), "dvs.dark", self.dark, "a light, 0.000001 to 1000000")?;
        let good = self.noise_hz >= 0.0 && self.noise_hz.is_finite();
        check(good, "dvs.noise_hz", self.noise_hz, "a rate of at least 0")?;
        check(self.step_us > 0, "dvs.step_us", self.step_us, "a time above 0")?;
        let good = self.duration_us / self.step_us.max(1) < MOST_STEPS;
        check(good, "dvs.duration_us", self.duration_us, "fewer than 1,000,000 steps")?;
        let points = self.path.points();
        let good = points.len() > 1 && points.iter().flatten().all(|offset| offset.abs() <= f64::from(u16::MAX));
        check(good, "dvs.path", format!("{points:?}"), "at least two points, each within 65,535 pixels")
    }

    /// The image's offset `[right, down]` at a time.
    fn offset(&self, points: &[[f64; 2]], t_us: u64) -> [f64; 2] {
        let legs = points.len() - 1;
        let along = t_us as f64 * legs as f64 / self.duration_us.max(1) as f64;
        let leg = (along as usize).min(legs - 1);
        let (from, to, share) = (points[leg], points[leg + 1], along - leg as f64);
        [0, 1].map(|axis| from[axis] + share * (to[axis] - from[axis]))
    }
}

impl DvsPixelConfig {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`DataError::Parameter`].
    pub fn validate(&self) -> Result<(), DataError> {
        let enough = |what, value: f64| check((1e-3..=1e3).contains(&value), what, value, "a number, 0.001 to 1000");
        enough("dvs.pixel.threshold_on", self.threshold_on)?;
        enough("dvs.pixel.threshold_off", self.threshold_off)?;
        let good = (0.0..=1.0).contains(&self.mismatch);
        check(good, "dvs.pixel.mismatch", self.mismatch, "a share, 0 to 1")
    }
}

/// Records sample `number` of `images`. Colour images are seen in grey. What is drawn depends on `stream` and the
/// number alone; the mismatch of the pixels, which is the sensor's, on `stream` alone.
///
/// # Errors
/// [`DataError::NoSuchSample`]; [`DataError::Parameter`] for parameters out of range, or more than 10^8 events.
pub fn simulate(
    images: &ImageDataset,
    number: u32,
    config: &DvsConfig,
    stream: &Stream,
) -> Result<Recording, DataError> {
    simulate_grey(&images.grey(number)?, [images.height(), images.width()], number, config, stream)
}

/// As [`simulate`], of a grey image of intensities, `[height, width]`, that stands for sample `number`.
///
/// # Errors
/// As [`simulate`].
pub fn simulate_grey(
    image: &[f32],
    size: [usize; 2],
    number: u32,
    config: &DvsConfig,
    stream: &Stream,
) -> Result<Recording, DataError> {
    let [height, width] = size;
    check(image.len() == height.saturating_mul(width), "image", image.len(), "height x width intensities")?;
    let pixels = DvsPixels::new(config.sensor, &config.pixel, &stream.fork("mismatch"))?;
    record(image, size, config, pixels, &stream.fork("noise").fork_index(u64::from(number)))
}

/// Records a whole set with one sensor, one sample after the other.
///
/// # Errors
/// As [`simulate`].
pub fn simulate_all<'a>(
    images: &'a ImageDataset,
    config: &'a DvsConfig,
    stream: &'a Stream,
) -> Result<impl Iterator<Item = Result<Recording, DataError>> + 'a, DataError> {
    let pixels = DvsPixels::new(config.sensor, &config.pixel, &stream.fork("mismatch"))?;
    let noise = stream.fork("noise");
    let size = [images.height(), images.width()];
    Ok((0..).take(images.len()).map(move |number| {
        record(&images.grey(number)?, size, config, pixels.clone(), &noise.fork_index(u64::from(number)))
    }))
}

/// Records a grey image of intensities, `[height, width]`, before a sensor.
fn record(
    image: &[f32],
    size: [usize; 2],
    config: &DvsConfig,
    mut pixels: DvsPixels,
    noise: &Stream,
) -> Result<Recording, DataError> {
    config.validate()?;
    let points = config.path.points();
    let mut scene = Scene::new(image, size, config);
    let mut recording = Recording { sensor: config.sensor, events: Vec::new() };
    let steps = config.duration_us.div_ceil(config.step_us);
    for t_us in (0..=steps).map(|step| (step * config.step_us).min(config.duration_us)) {
        let light = scene.log_light(config.offset(&points, t_us));
        pixels.sample(t_us, light, &mut recording.events)?;
    }
    let added = corrupt::background(0..config.duration_us, config.sensor, config.noise_hz, &mut noise.draws())?;
    merge(&mut recording, added);
    Ok(recording)
}
