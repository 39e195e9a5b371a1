//! Sums over images: whole numbers, so that no order of images and no number of threads changes them.

use super::host::Exchanged;
use super::timed::{PhaseFigures, Placed, Timed};
use crate::energy::{Activity, Energy, energy};
use crate::error::ChipError;
use crate::map::Sender;
use crate::noc::{Load, load};
use crate::spec::ChipSpec;

/// What a placed network did for some images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Images.
    pub images: u64,
    /// Phase by phase.
    pub phases: Vec<PhaseFigures>,
    /// Packets of each message.
    pub messages: Vec<u64>,
    /// Core by core, without packets' ways.
    pub cores: Vec<Activity>,
    /// All in all.
    pub activity: Activity,
    /// What went over the link to a host that moves plastic weights.
    pub link: Exchanged,
}

impl Tally {
    /// One more image.
    pub fn add(&mut self, timed: &Timed) {
        let Timed { phases, messages, cores, activity, link, .. } = timed;
        self.join(&Tally {
            images: 1,
            phases: phases.clone(),
            messages: messages.clone(),
            cores: cores.clone(),
            activity: *activity,
            link: *link,
        });
    }

    /// The images of another tally of the same placed network.
    pub fn join(&mut self, other: &Tally) {
        if self.images == 0 {
            *self = other.clone();
            return;
        }
        self.images += other.images;
        self.phases.iter_mut().zip(&other.phases).for_each(|(sum, own)| *sum += *own);
        self.messages.iter_mut().zip(&other.messages).for_each(|(sum, own)| *sum += own);
        self.cores.iter_mut().zip(&other.cores).for_each(|(sum, own)| *sum += *own);
        self.activity += other.activity;
        self.link += other.link;
    }

    /// Mean over the images.
    pub fn mean(&self, sum: u64) -> f64 {
        sum as f64 / self.images.max(1) as f64
    }

    /// Mean time of an image in microseconds.
    pub fn microseconds(&self, chip: &ChipSpec) -> f64 {
        self.mean(self.activity.cycles) / chip.phase.clock_mhz.value
    }

    /// Energy of all images.
    pub fn energy(&self, chip: &ChipSpec) -> Energy {
        energy(&self.activity, chip)
    }

    /// What the cores of a layer did, without their packets' ways.
    pub fn of_layer(&self, placed: &Placed<'_>, layer: usize) -> Activity {
        let mut sum = Activity::default();
        let own = placed.mapping().of_layer(layer);
        for core in self.cores.get(own).unwrap_or_default() {
            let on = sum.cores_on + core.cores_on;
            sum += Activity { cycles: 0, ..*core };
            (sum.cycles, sum.cores_on) = (core.cycles, on);
        }
        sum
    }

    /// Packets that the cores of a layer sent.
    pub fn sent_by(&self, placed: &Placed<'_>, layer: usize) -> u64 {
        let own = placed.mapping().of_layer(layer);
        let messages = placed.mapping().messages.iter().zip(&self.messages);
        let sent = messages.filter(|(message, _)| matches!(message.from, Sender::Core(core) if own.contains(&core)));
        sent.map(|(_, packets)| packets).sum()
    }

    /// What every link carried.
    ///
    /// # Errors
    /// More packets than can be counted.
    pub fn load(&self, placed: &Placed<'_>, chip: &ChipSpec) -> Result<Load, ChipError> {
        load(placed.routes(), chip, &self.messages)
    }
}
