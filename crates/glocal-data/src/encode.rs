//! Intensities to what a network takes: a constant current, or spikes over time.

mod code;

use serde::{Deserialize, Serialize};

use crate::{Batch, DataError, Stream, random::Draws};

/// How an image becomes the network's input.
///
/// # Shapes
/// `[B, I]` to `[B, I]` ([`Encoder::Direct`]) or to `[T, B, I]` (all others), whose elements are 0 or 1.
///
/// # Units
/// Intensities in 0..=1; time in steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Form", into = "Form")]
pub enum Encoder {
    /// The intensity as a current, the same at every step.
    #[default]
    Direct,
    /// Spikes at random, the more the brighter.
    ///
    /// # Equation
    /// s_t = 1\[u_t < max_rate · x\], u_t uniform in 0..1: a Bernoulli trial a step, which a Poisson process of that
    /// rate approaches as steps get short.
    ///
    /// # References
    /// P. U. Diehl, M. Cook (2015), doi:10.3389/fncom.2015.00099.
    PoissonRate {
        /// Probability of a spike, a step, of a white pixel; 0..=1.
        max_rate: f64,
    },
    /// One spike, the earlier the brighter: the time to the first spike of a membrane that x charges.
    ///
    /// # Equation
    /// u(t) = x · (1 - exp(-t/tau_steps)) exceeds the threshold θ after t_first = tau_steps · ln(x / (x - θ)) if
    /// x > θ, and never otherwise; the spike is at step ⌊t_first⌋, if that is below T.
    ///
    /// # References
    /// J. K. Eshraghian et al. (2023), doi:10.1109/JPROC.2023.3308088, on latency coding.
    Latency {
        /// Time constant of the charging; above 0.
        tau_steps: f64,
        /// Threshold θ; in 0..1. Intensities up to it never spike.
        threshold: f64,
    },
    /// One spike, in the order of the intensities; only the order matters, not the contrast.
    ///
    /// # Equation
    /// An input x > floor spikes at step ⌊rank · T / n⌋, where rank is the number of inputs of the sample that are
    /// greater (equal inputs spike together) and n the number of inputs above floor.
    ///
    /// # References
    /// S. Thorpe, J. Gautrais (1998), doi:10.1007/978-1-4615-4831-7_19, "Rank order coding".
    RankOrder {
        /// Intensities up to it never spike; in 0..1.
        floor: f64,
    },
}

/// [`Encoder`] as configs write it; here so that unknown keys and bad values are refused on reading.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
enum Form {
    Direct {},
    PoissonRate {
        #[serde(default = "full_rate")]
        max_rate: f64,
    },
    Latency {
        #[serde(default = "default_tau_steps")]
        tau_steps: f64,
        #[serde(default = "default_threshold")]
        threshold: f64,
    },
    RankOrder {
        #[serde(default)]
        floor: f64,
    },
}

fn full_rate() -> f64 {
    1.0
}

fn default_tau_steps() -> f64 {
    5.0
}

/// With the default time constant, intensities from 0.23 to 1 fill ten steps.
fn default_threshold() -> f64 {
    0.2
}

impl TryFrom<Form> for Encoder {
    type Error = DataError;

    fn try_from(form: Form) -> Result<Self, DataError> {
        let encoder = match form {
            Form::Direct {} => Encoder::Direct,
            Form::PoissonRate { max_rate } => Encoder::PoissonRate { max_rate },
            Form::Latency { tau_steps, threshold } => Encoder::Latency { tau_steps, threshold },
            Form::RankOrder { floor } => Encoder::RankOrder { floor },
        };
        encoder.validate().map(|()| encoder)
    }
}

impl From<Encoder> for Form {
    fn from(encoder: Encoder) -> Form {
        match encoder {
            Encoder::Direct => Form::Direct {},
            Encoder::PoissonRate { max_rate } => Form::PoissonRate { max_rate },
            Encoder::Latency { tau_steps, threshold } => Form::Latency { tau_steps, threshold },
            Encoder::RankOrder { floor } => Form::RankOrder { floor },
        }
    }
}

/// Where an encoder's or a corruption's random numbers come from: a function of the stream, the epoch and the
/// sample's number, so that batches, their order and the number of threads never change what is drawn.
#[derive(Clone, Debug)]
pub struct Draw {
    stream: Stream,
}

impl Draw {
    /// The random numbers of an epoch.
    pub fn new(stream: &Stream, epoch: u64) -> Self {
        Draw { stream: stream.fork_index(epoch) }
    }

    /// Those of one link of a chain; the first link has those of the whole.
    pub(crate) fn of_link(&self, link: u64) -> Self {
        if link == 0 { self.clone() } else { Draw { stream: self.stream.fork("link").fork_index(link) } }
    }

    /// The stream of the sample with this number, for what draws more than once for a sample.
    pub fn stream_of(&self, number: u32) -> Stream {
        self.stream.fork_index(u64::from(number))
    }

    /// Those of what all samples share, such as the defects of a sensor.
    pub(crate) fn shared(&self, name: &str) -> Draws {
        self.stream.fork("shared").fork(name).draws()
    }

    /// Those of the sample with this number.
    pub(crate) fn of_sample(&self, number: u32) -> Draws {
        self.stream.draws_of(u64::from(number))
    }
}

/// What a network takes as input.
#[derive(Clone, Debug, PartialEq)]
pub enum Encoded {
    /// The same current at every step, `[B, I]`.
    Constant(Vec<f32>),
    /// An input for each step, `[T, B, I]`.
    Series(Vec<f32>),
}

impl Encoded {
    /// All numbers, whichever the shape.
    pub fn values(&self) -> &[f32] {
        match self {
            Encoded::Constant(values) | Encoded::Series(values) => values,
        }
    }
}

/// Memory that is reused from step to step.
#[derive(Clone, Debug)]
pub struct EncodeBuffers {
    encoded: Encoded,
    sorted: Vec<f32>,
}

impl Default for EncodeBuffers {
    fn default() -> Self {
        EncodeBuffers { encoded: Encoded::Constant(Vec::new()), sorted: Vec::new() }
    }
}

impl EncodeBuffers {
    /// Empty buffers; they grow with the first batch.
    pub fn new() -> Self {
        EncodeBuffers::default()
    }

    /// What [`Encoder::encode_into`] wrote last.
    pub fn encoded(&self) -> &Encoded {
        &self.encoded
    }

    /// Gives the memory away.
    pub fn into_encoded(self) -> Encoded {
        self.encoded
    }

    /// The vector of whatever was encoded last, emptied.
    fn take_values(&mut self) -> Vec<f32> {
        let (Encoded::Constant(values) | Encoded::Series(values)) = &mut self.encoded;
        values.clear();
        std::mem::take(values)
    }
}

impl Encoder {
    /// Checks the parameters; [`Encoder::encode`] does so, too.
    ///
    /// # Errors
    /// [`DataError::Parameter`].
    pub fn validate(&self) -> Result<(), DataError> {
        let check = |what, value: f64, good: bool, expected| {
            if good { Ok(()) } else { Err(DataError::Parameter { what, value: value.to_string(), expected }) }
        };
        match *self {
            Encoder::Direct => Ok(()),
            Encoder::PoissonRate { max_rate: rate } => {
                check("encoder.max_rate", rate, (0.0..=1.0).contains(&rate), "a probability, 0 to 1")
            }
            Encoder::Latency { tau_steps: tau, threshold } => {
                check("encoder.tau_steps", tau, tau > 0.0 && tau.is_finite(), "a time above 0")?;
                check(
                    "encoder.threshold",
                    threshold,
                    threshold > 0.0 && threshold < 1.0,
                    "an intensity between 0 and 1",
                )
            }
            Encoder::RankOrder { floor } => {
                check("encoder.floor", floor, (0.0..1.0).contains(&floor), "an intensity of at least 0 and below 1")
            }
        }
    }

    /// Whether the input is the same at every step.
    pub fn is_constant(&self) -> bool {
        matches!(self, Encoder::Direct)
    }

    /// Encodes a batch for `steps` time steps into new memory.
    ///
    /// # Errors
    /// As [`Encoder::encode_into`].
    pub fn encode(&self, batch: &Batch, steps: usize, draw: &Draw) -> Result<Encoded, DataError> {
        let mut buffers = EncodeBuffers::new();
        self.encode_into(batch, steps, draw, &mut buffers)?;
        Ok(buffers.encoded)
    }

    /// Encodes a batch for `steps` time steps; allocates only while `buffers` are smaller than needed.
    ///
    /// # Errors
    /// [`DataError::Parameter`] if a parameter is out of range.
    pub fn encode_into<'a>(
        &self,
        batch: &Batch,
        steps: usize,
        draw: &Draw,
        buffers: &'a mut EncodeBuffers,
    ) -> Result<&'a Encoded, DataError> {
        self.validate()?;
        let mut values = buffers.take_values();
        buffers.encoded = if self.is_constant() {
            values.extend_from_slice(batch.values());
            Encoded::Constant(values)
        } else {
            values.resize(steps * batch.values().len(), 0.0);
            let inputs = batch.inputs().max(1);
            for (row, (&number, image)) in batch.numbers().iter().zip(batch.values().chunks_exact(inputs)).enumerate() {
                let mut train = code::SpikeTrain { series: &mut values, steps, row, batch: batch.size(), inputs };
                match *self {
                    Encoder::Direct => {}
                    Encoder::PoissonRate { max_rate } => {
                        code::poisson_rate(image, max_rate as f32, &mut draw.of_sample(number), &mut train);
                    }
                    Encoder::Latency { tau_steps, threshold } => {
                        code::latency(image, tau_steps, threshold as f32, &mut train);
                    }
                    Encoder::RankOrder { floor } => {
                        code::rank_order(image, floor as f32, &mut buffers.sorted, &mut train)
                    }
                }
            }
            Encoded::Series(values)
        };
        Ok(&buffers.encoded)
    }
}
