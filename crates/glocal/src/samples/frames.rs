//! Recordings to frames: read or simulated, damaged, filtered and cut, a batch at a time.

use std::sync::OnceLock;

use glocal_data::events::{FrameValue, frames::Place};
use glocal_data::folders::LoadLimits;
use glocal_data::{Batch, DataError, Draw, Recording, SensorSize, Split, Stream, dvs};
use rayon::prelude::*;

use super::{Damage, Samples, index, read};
use crate::config::EventsConfig;
use crate::error::GlocalError;

/// Most bytes of frames that are kept in memory instead of being made anew in each epoch.
const MOST_KEPT: usize = 2 << 30;

/// How a run makes frames.
#[derive(Debug)]
pub(super) struct FrameMaker<'a> {
    samples: &'a Samples,
    config: &'a EventsConfig,
    /// Pixels of a frame.
    sensor: SensorSize,
    stream: Stream,
    /// Undamaged frames of both splits, of small whole numbers; empty where they would take too much.
    kept: [Vec<OnceLock<Box<[u8]>>>; 2],
}

impl<'a> FrameMaker<'a> {
    /// # Errors
    /// Images without a simulated camera, recordings with one; a first recording that cannot be read.
    pub fn new(samples: &'a Samples, config: &'a EventsConfig, stream: &Stream) -> Result<Self, GlocalError> {
        let usage = |message: &str, hint: &str| GlocalError::Usage { message: message.into(), hint: hint.into() };
        let sensor = match (samples, &config.simulate) {
            (Samples::Images(_) | Samples::Classes(_), Some(camera)) => camera.sensor,
            (Samples::Images(_) | Samples::Classes(_), None) => {
                let hint = "add a table `[events.simulate]` (a simulated event camera), or leave `[events]` out";
                return Err(usage("`[events]` is given, but the data set holds images", hint));
            }
            (Samples::Recordings(_), Some(_)) => {
                let hint = "leave `[events.simulate]` out";
                return Err(usage("a simulated camera is given, but the data set holds recordings", hint));
            }
            (Samples::Recordings([train, _]), None) => match train.sensor() {
                Some(sensor) => sensor,
                None => train.loader(read, LoadLimits::default()).load(0)?.sensor,
            },
        };
        let stream = stream.fork("events");
        let sensor = config
            .transforms
            .links()
            .iter()
            .try_fold(sensor, |sensor, transform| Ok::<_, DataError>(transform.begin(sensor, &stream)?.sensor()))?;
        config.framing.validate()?;
        let values = config.framing.frames() * 2 * sensor.pixels();
        let whole_numbers = match config.framing.value {
            FrameValue::Binary => true,
            FrameValue::Clipped { most } => most <= u32::from(u8::MAX),
            _ => false,
        };
        let kept = [Split::Train, Split::Test].map(|split| {
            let fits = samples.len(split).saturating_mul(values) <= MOST_KEPT;
            // Pictures of episodes are turned and moved: hardly one comes twice.
            let again = !matches!(samples, Samples::Classes(_));
            let slots = if whole_numbers && fits && again { samples.len(split) } else { 0 };
            (0..slots).map(|_| OnceLock::new()).collect()
        });
        Ok(FrameMaker { samples, config, sensor, stream, kept })
    }

    /// Pixels of a frame.
    pub fn sensor(&self) -> SensorSize {
        self.sensor
    }

    /// Values of one frame, `[2, height, width]`.
    pub fn inputs(&self) -> usize {
        2 * self.sensor.pixels()
    }

    /// Frames of a recording, T.
    pub fn frames(&self) -> usize {
        self.config.framing.frames()
    }

    /// Label of a sample.
    ///
    /// # Errors
    /// A number that is not there.
    pub fn label(&self, split: Split, number: u32) -> Result<u32, DataError> {
        match self.samples {
            Samples::Images(sets) => Ok(sets[index(split)].sample(number)?.label),
            Samples::Recordings(sets) => Ok(sets[index(split)].sample(number)?.label),
            Samples::Classes(_) => Ok(0),
        }
    }

    /// Writes the frames of some samples into `series`, `[T, B, 2, height, width]`.
    ///
    /// # Errors
    /// Recordings that cannot be read, or that are of another sensor's size.
    pub fn fill(
        &self,
        split: Split,
        numbers: &[u32],
        damage: &Damage,
        draw: &Draw,
        series: &mut Vec<f32>,
    ) -> Result<(), GlocalError> {
        let one = |&number: &u32| self.one(split, number, damage, draw);
        let parts = numbers.par_iter().map(one).collect::<Result<Vec<Frame<'_>>, GlocalError>>()?;
        self.lay_out(&parts, series);
        Ok(())
    }

    /// As [`FrameMaker::fill`], of what the simulated camera sees of images `[B,I]`; what is random depends on `draw` and
    /// an image's place alone.
    ///
    /// # Errors
    /// As [`FrameMaker::fill`].
    pub fn fill_from_images(
        &self,
        (images, size): (&[f32], [usize; 2]),
        damage: &Damage,
        draw: &Draw,
        series: &mut Vec<f32>,
    ) -> Result<(), GlocalError> {
        let camera = self.config.simulate.as_ref().expect("refused by `new`");
        let one = |(place, image): (usize, &[f32])| {
            let number = place as u32;
            let mut recording = dvs::simulate_grey(image, size, number, camera, &self.stream.fork("camera"))?;
            damage.events.apply(&mut recording, draw, number)?;
            self.frames_of(recording, number).map(Frame::Made)
        };
        let images = images.par_chunks_exact(size[0] * size[1]).enumerate();
        let parts = images.map(one).collect::<Result<Vec<Frame<'_>>, GlocalError>>()?;
        self.lay_out(&parts, series);
        Ok(())
    }

    /// Frames of samples, `[T, B, 2, height, width]`.
    fn lay_out(&self, parts: &[Frame<'_>], series: &mut Vec<f32>) {
        let (batch, size) = (parts.len(), self.inputs());
        series.resize(self.frames() * batch * size, 0.0);
        series.par_chunks_mut(size).enumerate().for_each(|(row, out)| {
            let (t, b) = (row / batch, row % batch);
            parts[b].copy(t, out);
        });
    }

    fn one(&self, split: Split, number: u32, damage: &Damage, draw: &Draw) -> Result<Frame<'_>, GlocalError> {
        let slot = self.kept[index(split)].get(number as usize).filter(|_| damage.is_none());
        if let Some(kept) = slot.and_then(OnceLock::get) {
            return Ok(Frame::Kept(kept));
        }
        let mut recording = self.recording(split, number, damage, draw)?;
        damage.events.apply(&mut recording, draw, number)?;
        let values = self.frames_of(recording, number)?;
        let Some(slot) = slot else { return Ok(Frame::Made(values)) };
        Ok(Frame::Kept(slot.get_or_init(|| values.iter().map(|&v| v as u8).collect())))
    }

    /// Frames of one recording, `[T, 2, height, width]`.
    fn frames_of(&self, mut recording: Recording, number: u32) -> Result<Vec<f32>, GlocalError> {
        self.config.transforms.apply(&mut recording, &self.stream.fork("transforms").fork_index(u64::from(number)))?;
        if recording.sensor != self.sensor {
            let size = |sensor: SensorSize| format!("{} x {} pixels", sensor.width, sensor.height);
            return Err(GlocalError::Usage {
                message: format!("recording {number} has {}, the first one {}", size(recording.sensor), size(self.sensor)),
                hint: "all recordings of a data set must come from sensors of one size; crop them with `events.transforms`".into(),
            });
        }
        let mut values = vec![0.0; self.frames() * self.inputs()];
        self.config.framing.fill(&recording, &mut values, Place { row: 0, batch: 1 })?;
        Ok(values)
    }

    fn recording(&self, split: Split, number: u32, damage: &Damage, draw: &Draw) -> Result<Recording, GlocalError> {
        Ok(match (self.samples, &self.config.simulate) {
            (Samples::Images(sets), Some(camera)) => {
                let mut image = Batch::new();
                sets[index(split)].gather(&[number], &mut image)?;
                damage.images.apply(&mut image, draw)?;
                let (shape, size) = (image.shape(), [image.height(), image.width()]);
                dvs::simulate_grey(&shape.in_grey(image.values()), size, number, camera, &self.stream.fork("camera"))?
            }
            (Samples::Recordings(sets), _) => sets[index(split)].loader(read, LoadLimits::default()).load(number)?,
            (Samples::Images(_) | Samples::Classes(_), _) => unreachable!("refused by `new`, or made from images"),
        })
    }
}

/// Frames of one recording, `[T, 2, height, width]`.
enum Frame<'a> {
    Kept(&'a [u8]),
    Made(Vec<f32>),
}

impl Frame<'_> {
    /// Frame `t` as numbers.
    fn copy(&self, t: usize, out: &mut [f32]) {
        let part = t * out.len()..(t + 1) * out.len();
        match self {
            Frame::Kept(bytes) => out.iter_mut().zip(&bytes[part]).for_each(|(out, &byte)| *out = f32::from(byte)),
            Frame::Made(values) => out.copy_from_slice(&values[part]),
        }
    }
}
