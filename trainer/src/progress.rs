//! What a person watching a run sees: a bar on a terminal, a line an epoch elsewhere.

use crate::checkpoint::State;
use indicatif::{ProgressBar, ProgressStyle};
use std::time::{Duration, Instant};

/// Progress of a training run.
pub struct Progress {
    bar: ProgressBar,
    epochs: usize,
    batch_size: usize,
    began: Instant,
    patches: usize,
    first_step: usize,
    last_step: usize,
}

impl Progress {
    /// A bar over all steps, standing where `state` stands.
    pub fn new(epochs: usize, steps_per_epoch: usize, batch_size: usize, state: &State) -> Self {
        let last_step = epochs * steps_per_epoch;
        let bar = ProgressBar::new(last_step as u64);
        // The template is a constant; were it wrong, the plain style would do.
        if let Ok(style) = ProgressStyle::with_template("{bar:24} {msg}") {
            bar.set_style(style);
        }
        bar.set_position(state.step as u64);
        let (began, first_step) = (Instant::now(), state.step);
        Self { bar, epochs, batch_size, began, patches: 0, first_step, last_step }
    }

    /// After a step over `patches` patches.
    pub fn step(&mut self, state: &State, patches: usize) {
        self.patches += patches;
        self.bar.set_position(state.step as u64);
        let loss = state.loss_sum / state.step_in_epoch.max(1) as f64;
        let valid = state.history.last().map_or(String::new(), |last| {
            format!("  valid accuracy {:.3} AUC {:.4}", last.valid_accuracy, last.valid_auc)
        });
        self.bar.set_message(format!(
            "epoch {}/{}  step {}  loss {loss:.4}{valid}  {:.0} patches/s  {} left",
            state.epoch + 1,
            self.epochs,
            state.step,
            self.rate(),
            clock(self.left(state)),
        ));
    }

    /// After an epoch: a line that stays, and that a log file gets too.
    pub fn epoch(&self, state: &State) {
        let Some(last) = state.history.last() else { return };
        let line = format!(
            "epoch {:>3}/{}  step {:>6}  loss {:.4}  valid loss {:.4}  accuracy {:.4}  AUC {:.4}{}  {:.0} patches/s  {} left",
            last.epoch,
            self.epochs,
            last.step,
            last.train_loss,
            last.valid_loss,
            last.valid_accuracy,
            last.valid_auc,
            if state.best_epoch == Some(last.epoch) { " *" } else { "  " },
            self.rate(),
            clock(self.left(state)),
        );
        self.bar.suspend(|| eprintln!("{line}"));
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn rate(&self) -> f64 {
        self.patches as f64 / self.began.elapsed().as_secs_f64().max(1e-9)
    }

    fn left(&self, state: &State) -> Duration {
        let steps = self.last_step.saturating_sub(state.step);
        if state.step == self.first_step || self.rate() <= 0.0 {
            return Duration::ZERO;
        }
        Duration::from_secs_f64((steps * self.batch_size) as f64 / self.rate())
    }
}

fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
