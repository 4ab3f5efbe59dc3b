//! What makes a run what it is: one TOML file, every key also an option of the command line.
//!
//! The defaults are the paper's recipe, so an empty file trains the paper's network as the paper
//! did. The resolved configuration is written to `config.toml` of the run's folder.

use crate::dataset::Split;
use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use nodulens::method;
use nodulens::model::NetworkKind;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// Name of the resolved configuration in a run's folder.
pub const FILE: &str = "config.toml";

/// The rule by which gradients move the parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum OptimizerKind {
    /// Adam; weight decay is added to the gradient.
    #[default]
    Adam,
    /// Adam with decoupled weight decay.
    AdamW,
}

/// How the learning rate moves over a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// The same at every step, as in the paper.
    #[default]
    Constant,
    /// Warm-up from 0, then half a cosine down to 0.
    Cosine,
    /// Smith's one cycle: from 1/25 of it up by half a cosine, then down to almost nothing.
    OneCycle,
}

/// How classes weigh in the loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ClassWeights {
    /// Every patch the same.
    #[default]
    None,
    /// Both classes the same in sum: each patch by the inverse frequency of its class.
    Balanced,
}

/// Everything that makes a run what it is. A key that is absent has the method's value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Which network is trained.
    pub network: NetworkKind,
    /// Folder with manifest.csv and crops50/.
    pub patches: PathBuf,
    /// How the data is divided.
    pub split: Split,
    /// Seed of every random number.
    pub seed: u64,
    /// Passes over the training part.
    pub epochs: usize,
    /// Patches in a step.
    pub batch_size: usize,
    /// Adam or AdamW.
    pub optimizer: OptimizerKind,
    /// Step size, above 0; the highest of the schedule.
    pub learning_rate: f64,
    /// How it moves.
    pub schedule: Schedule,
    /// Share of all steps in which the learning rate rises, in [0, 1).
    pub warmup: f64,
    /// Pull of the parameters towards 0, at least 0.
    pub weight_decay: f64,
    /// Largest norm of one tensor's gradient; 0 leaves gradients as they are.
    pub gradient_clip: f64,
    /// Share of a label given to the other class, in [0, 1).
    pub label_smoothing: f64,
    /// Weights of the classes in the loss.
    pub class_weights: ClassWeights,
    /// Share of nodules that sampling brings an epoch to, in [0, 1); 0 takes each patch once.
    pub positive_fraction: f64,
    /// Share of hidden units dropped, in [0, 1).
    pub dropout: f64,
    /// Decay a step of the moving average of the weights, in [0, 1); 0 for none. With it, the
    /// average is what is validated and exported.
    pub ema_decay: f64,
    /// Largest shift in pixels, along each axis.
    pub augment_shift_px: f32,
    /// Share of patches turned by quarters only, which keeps every grey value, in [0, 1].
    pub augment_quarter_turns: f64,
    /// Zoom by a factor between exp(-x) and exp(x).
    pub augment_scale: f32,
    /// Contrast by a factor between 1 - x and 1 + x.
    pub augment_contrast: f32,
    /// Brightness by a summand between -x and x, of a range of 1.
    pub augment_brightness: f32,
    /// Nodules are shifted by so much of their radius besides, along each axis, for a candidate may
    /// lie anywhere in one; at least 0. Needs diameter_mm and pixel_spacing_mm in the manifest.
    pub augment_nodule_shift: f32,
    /// Share of nodules that are hollowed out, where they stand alone and are thick enough, in
    /// [0, 1]: cavitary nodules are rare in the data.
    pub augment_cavities: f64,
    /// Share of patches into which another of the same step is blended, by up to a half, in [0, 1];
    /// the teachers then answer for the mixture.
    pub augment_mix: f64,
    /// Weights files whose mean answer to the altered patch is learnt too.
    pub teachers: Vec<PathBuf>,
    /// Share of the teachers' answer in the target, in [0, 1].
    pub teacher_weight: f64,
    /// The teachers answer for hollowed nodules too, for they have learnt from such; else the label
    /// alone counts there.
    pub teach_cavities: bool,
    /// Validation AUC may stand still for so many epochs before the run ends; 0 for no limit.
    pub early_stopping: usize,
    /// Steps between checkpoints.
    pub checkpoint_steps: usize,
    /// Steps after which the run ends, finished or not; 0 for no limit. For smoke tests.
    pub max_steps: usize,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            network: NetworkKind::Paper,
            patches: PathBuf::new(),
            split: Split::Patientwise,
            seed: 1,
            epochs: method::EPOCHS,
            batch_size: method::BATCH_SIZE,
            optimizer: OptimizerKind::Adam,
            learning_rate: method::LEARNING_RATE,
            schedule: Schedule::Constant,
            warmup: 0.0,
            weight_decay: 0.0,
            gradient_clip: 0.0,
            label_smoothing: 0.0,
            class_weights: ClassWeights::None,
            positive_fraction: method::POSITIVE_FRACTION,
            dropout: method::DROPOUT,
            ema_decay: 0.0,
            augment_shift_px: method::AUGMENT_SHIFT_PX,
            augment_quarter_turns: method::AUGMENT_QUARTER_TURNS,
            augment_scale: 0.0,
            augment_contrast: 0.0,
            augment_brightness: 0.0,
            augment_nodule_shift: 0.0,
            augment_cavities: 0.0,
            augment_mix: 0.0,
            teachers: Vec::new(),
            teacher_weight: 0.5,
            teach_cavities: false,
            early_stopping: 0,
            checkpoint_steps: method::CHECKPOINT_STEPS,
            max_steps: 0,
        }
    }
}

/// The keys of [`TrainConfig`] as options; one that is given overrides the file.
#[derive(Clone, Debug, Default, clap::Args, Serialize)]
pub struct Overrides {
    /// Which network: compact, paper, wide or small.
    #[arg(long, value_parser = network)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkKind>,
    /// Folder with manifest.csv and crops50/.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patches: Option<PathBuf>,
    /// How the data is divided: paper, patientwise or luna16-fold-K.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<Split>,
    /// Seed of every random number.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Passes over the training part.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epochs: Option<usize>,
    /// Patches in a step.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<usize>,
    /// Rule of the steps.
    #[arg(long, value_enum)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub optimizer: Option<OptimizerKind>,
    /// Step size; the highest of the schedule.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// How the step size moves.
    #[arg(long, value_enum)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// Share of the steps in which the step size rises.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warmup: Option<f64>,
    /// Pull of the parameters towards 0.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<f64>,
    /// Largest norm of one tensor's gradient; 0 for no limit.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gradient_clip: Option<f64>,
    /// Share of a label given to the other class.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_smoothing: Option<f64>,
    /// Weights of the classes in the loss.
    #[arg(long, value_enum)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_weights: Option<ClassWeights>,
    /// Share of nodules that sampling brings an epoch to; 0 takes each patch once.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub positive_fraction: Option<f64>,
    /// Share of hidden units dropped in training.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropout: Option<f64>,
    /// Decay a step of the moving average of the weights; 0 for none.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ema_decay: Option<f64>,
    /// Largest shift in pixels.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub augment_shift_px: Option<f32>,
    /// Share of patches turned by quarters only.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub augment_quarter_turns: Option<f64>,
    /// Zoom by a factor between exp(-x) and exp(x).
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub augment_scale: Option<f32>,
    /// Contrast by a factor between 1 - x and 1 + x.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub augment_contrast: Option<f32>,
    /// Brightness by a summand between -x and x.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub augment_brightness: Option<f32>,
    /// Shift of nodules besides, in shares of their radius.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub augment_nodule_shift: Option<f32>,
    /// Share of nodules that are hollowed out.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub augment_cavities: Option<f64>,
    /// Share of patches into which another one is blended.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub augment_mix: Option<f64>,
    /// Weights files to learn from as well, separated by commas.
    #[arg(long, value_delimiter = ',')]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub teachers: Option<Vec<PathBuf>>,
    /// Share of the teachers' answer in the target.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub teacher_weight: Option<f64>,
    /// The teachers answer for hollowed nodules too: true or false.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub teach_cavities: Option<bool>,
    /// End when validation AUC has stood still for so many epochs; 0 for never.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<usize>,
    /// Steps between checkpoints.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint_steps: Option<usize>,
    /// End after so many steps, for smoke tests; 0 for no limit.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_steps: Option<usize>,
}

pub(crate) fn network(name: &str) -> Result<NetworkKind, String> {
    NetworkKind::from_name(name).ok_or_else(|| {
        format!("the networks are: {}", NetworkKind::ALL.map(NetworkKind::name).join(", "))
    })
}

/// The configuration of `file`, if there is one, with `overrides` on top.
///
/// # Errors
/// An unreadable file, a key that does not exist, a value out of range; the message names it.
pub fn resolve(file: Option<&Path>, overrides: &Overrides) -> Result<TrainConfig> {
    let mut table = match file {
        Some(path) => {
            let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
            text.parse::<toml::Table>().with_context(|| path.display().to_string())?
        }
        None => toml::Table::new(),
    };
    table.extend(toml::Table::try_from(overrides)?);
    let place = || file.map_or("the options".to_owned(), |path| path.display().to_string());
    let config: TrainConfig = table.try_into().with_context(place)?;
    config.check().with_context(place)?;
    Ok(config)
}

/// Reads the configuration of a run.
///
/// # Errors
/// A folder that holds no run, or a file that is none.
pub fn read(run: &Path) -> Result<TrainConfig> {
    let path = run.join(FILE);
    if let Ok(text) = fs::read_to_string(&path) {
        return toml::from_str(&text).with_context(|| path.display().to_string());
    }
    bail!("{} is no run: it has no {FILE}", run.display())
}

impl TrainConfig {
    /// The configuration as a file that can be run again.
    ///
    /// # Errors
    /// None that is known; the writer's are passed on.
    pub fn to_toml(&self) -> Result<String> {
        Ok(toml::to_string_pretty(self)?)
    }

    /// Whether every value is within its range.
    ///
    /// # Errors
    /// The first that is not, by its name on the command line.
    pub fn check(&self) -> Result<()> {
        ensure!(!self.patches.as_os_str().is_empty(), "--patches is missing: a folder of patches");
        let least = [
            ("epochs", self.epochs),
            ("batch-size", self.batch_size),
            ("checkpoint-steps", self.checkpoint_steps),
        ];
        for (name, value) in least {
            ensure!(value > 0, "--{name} must be at least 1");
        }
        ensure!(
            self.learning_rate > 0.0 && self.learning_rate.is_finite(),
            "--learning-rate must be above 0"
        );
        let shares = [
            ("warmup", self.warmup),
            ("label-smoothing", self.label_smoothing),
            ("positive-fraction", self.positive_fraction),
            ("dropout", self.dropout),
            ("ema-decay", self.ema_decay),
        ];
        for (name, value) in shares {
            ensure!((0.0..1.0).contains(&value), "--{name} must be at least 0 and below 1");
        }
        let fractions = [
            ("teacher-weight", self.teacher_weight),
            ("augment-quarter-turns", self.augment_quarter_turns),
            ("augment-cavities", self.augment_cavities),
            ("augment-mix", self.augment_mix),
            ("augment-contrast", f64::from(self.augment_contrast)),
            ("augment-brightness", f64::from(self.augment_brightness)),
            ("augment-scale", f64::from(self.augment_scale)),
        ];
        for (name, value) in fractions {
            ensure!((0.0..=1.0).contains(&value), "--{name} must be between 0 and 1");
        }
        let amounts = [
            ("weight-decay", self.weight_decay),
            ("gradient-clip", self.gradient_clip),
            ("augment-shift-px", f64::from(self.augment_shift_px)),
            ("augment-nodule-shift", f64::from(self.augment_nodule_shift)),
        ];
        for (name, value) in amounts {
            ensure!(value >= 0.0 && value.is_finite(), "--{name} must be at least 0");
        }
        Ok(())
    }

    /// The learning rate of a step, counted from 0, in a run of `steps` steps.
    #[must_use]
    pub fn learning_rate_at(&self, step: usize, steps: usize) -> f64 {
        use std::f64::consts::PI;
        let top = self.learning_rate;
        // Half a cosine from `from` to `to` as x goes from 0 to 1.
        let swing = |from: f64, to: f64, x: f64| to + (from - to) * (1.0 + (PI * x).cos()) / 2.0;
        let (step, steps) = (step as f64, steps.max(1) as f64);
        let rise = (self.warmup * steps).round();
        let fallen = ((step - rise) / (steps - rise).max(1.0)).clamp(0.0, 1.0);
        match self.schedule {
            Schedule::Constant => top,
            Schedule::Cosine if step < rise => top * (step + 1.0) / rise,
            Schedule::Cosine => swing(top, 0.0, fallen),
            Schedule::OneCycle if step < rise => swing(top / 25.0, top, step / rise),
            Schedule::OneCycle => swing(top, top / 25.0 / 1e4, fallen),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.toml");
        fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn options_override_the_file_and_the_rest_is_the_papers() {
        let (_folder, path) = file("patches = 'p'\nepochs = 9\nschedule = 'one-cycle'\n");
        let overrides = Overrides { epochs: Some(3), ..Overrides::default() };
        let config = resolve(Some(&path), &overrides).unwrap();
        assert_eq!((config.epochs, config.schedule), (3, Schedule::OneCycle));
        assert_eq!(config.batch_size, method::BATCH_SIZE);
        // What is written back gives the same run.
        let (_folder, written) = file(&config.to_toml().unwrap());
        assert_eq!(resolve(Some(&written), &Overrides::default()).unwrap(), config);
    }

    #[test]
    fn wrong_keys_and_values_are_named() {
        let message = |text: &str| {
            let (_folder, path) = file(text);
            format!("{:#}", resolve(Some(&path), &Overrides::default()).unwrap_err())
        };
        assert!(message("patches = 'p'\nepoch = 3\n").contains("epoch"));
        assert!(message("patches = 'p'\nwarmup = 1.5\n").contains("--warmup"));
        assert!(message("patches = 'p'\nsplit = 'random'\n").contains("patientwise"));
        assert!(message("epochs = 3\n").contains("--patches"));
    }

    #[test]
    fn schedules_rise_and_fall_where_they_should() {
        let config = |schedule| TrainConfig {
            schedule,
            learning_rate: 1.0,
            warmup: 0.2,
            ..TrainConfig::default()
        };
        let at = |schedule, step| config(schedule).learning_rate_at(step, 100);
        assert_eq!(at(Schedule::Constant, 77), 1.0);
        assert_eq!(at(Schedule::Cosine, 0), 1.0 / 20.0);
        assert_eq!(at(Schedule::Cosine, 20), 1.0);
        assert!((at(Schedule::Cosine, 60) - 0.5).abs() < 1e-12);
        // PyTorch's OneCycleLR starts at a 25th and ends at a 250,000th.
        assert!((at(Schedule::OneCycle, 0) - 0.04).abs() < 1e-12);
        assert!((at(Schedule::OneCycle, 20) - 1.0).abs() < 1e-12);
        assert!((at(Schedule::OneCycle, 100) - 4e-6).abs() < 1e-12);
    }
}
