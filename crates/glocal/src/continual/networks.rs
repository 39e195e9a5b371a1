//! The network of each task, filled from one bank of weights.

use glocal_core::Learner;
use glocal_data::Stream;

use super::ContinualConfig;
use super::bank::{Bank, Places, Wiring};
use crate::config::RunConfig;
use crate::error::GlocalError;

/// The networks of all tasks: one learner that is filled with the weights of the task that is asked for.
#[derive(Debug)]
pub(super) struct TaskNetworks {
    pub wiring: Wiring,
    pub bank: Bank,
    learner: Option<Learner>,
}

impl TaskNetworks {
    /// With weights as they are drawn.
    pub fn new(config: &RunConfig, continual: &ContinualConfig, stream: &Stream) -> TaskNetworks {
        let network = continual.method.network(&config.learner);
        let wiring = Wiring::new(continual.method, &network, config.training.seed, stream);
        TaskNetworks { bank: wiring.drawn(), wiring, learner: None }
    }

    /// The network of a task as it is now, and where its arrays lie in the bank.
    pub fn take(&mut self, task: usize) -> Result<(Learner, Places), GlocalError> {
        let (mut learner, places) = self.wiring.connect(self.learner.take(), task)?;
        self.bank.fill(&mut learner, &places);
        Ok((learner, places))
    }

    /// As [`TaskNetworks::take`], of a learner that has counted no step yet.
    pub fn take_new(&mut self, task: usize) -> Result<(Learner, Places), GlocalError> {
        self.learner = None;
        self.take(task)
    }

    /// For the next task: to be filled again costs less than to be made.
    pub fn put_back(&mut self, learner: Learner) {
        self.learner = Some(learner);
    }

    /// The one that was put back last.
    pub fn last(&self) -> Option<&Learner> {
        self.learner.as_ref()
    }

    /// What `judge` finds in networks that have learned nothing.
    pub fn untrained<T>(&mut self, judge: impl FnOnce(&mut TaskNetworks) -> T) -> T {
        let learned = std::mem::replace(&mut self.bank, self.wiring.drawn());
        let found = judge(self);
        self.bank = learned;
        found
    }
}
