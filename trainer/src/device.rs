//! Which device computes.

use anyhow::{Context, Result, anyhow, bail};
use burn::tensor::Device;
#[cfg(feature = "gpu")]
use burn::tensor::DeviceKind;
use clap::ValueEnum;
use nodulens::classifier::Classifier;
use nodulens::weights::WeightsError;
use nodulens_imaging::UserError;
use std::path::Path;
use std::sync::Mutex;

/// Drivers do not bear being asked for adapters by two threads at once.
static DRIVER: Mutex<()> = Mutex::new(());

/// Choice on the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DeviceChoice {
    /// A hardware GPU if there is one, else the CPU. Never a software adapter.
    #[default]
    Auto,
    /// wgpu's default adapter, a software one included.
    Wgpu,
    /// All cores: our own engine, and burn-flex where something is trained.
    Cpu,
    /// burn-flex on all cores for everything: what our own engine must equal.
    Reference,
}

/// A device and what to call it.
#[derive(Debug)]
pub struct Chosen {
    /// Open, without autodiff.
    pub device: Device,
    /// What it is, for people.
    pub name: String,
    /// Whether our own engine classifies.
    fast: bool,
}

impl Chosen {
    /// Make weights ready to classify: on our own engine, or on the device.
    ///
    /// # Errors
    /// As [`nodulens::on_burn::classifier`].
    pub fn classifier(&self, weights: &[u8]) -> Result<Classifier, WeightsError> {
        if self.fast {
            Classifier::on_engine(weights)
        } else {
            nodulens::on_burn::classifier(weights, &self.device)
        }
    }

    /// Load a weights file.
    ///
    /// # Errors
    /// A file that is missing or holds no weights, with what to do.
    pub fn load(&self, path: &Path) -> Result<Classifier> {
        let loaded = std::fs::read(path).map_err(anyhow::Error::from).and_then(|bytes| {
            let loaded = self.classifier(&bytes);
            loaded.map_err(|error| anyhow!("{error}. {}", error.hint()))
        });
        loaded.with_context(|| path.display().to_string())
    }
}

/// Open the device.
///
/// # Errors
/// Where `wgpu` is asked for and there is no adapter, or the GPU path was not built.
pub fn open(choice: DeviceChoice) -> Result<Chosen> {
    // The lock guards no data, so one that a panic left behind is as good.
    let _one = DRIVER.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    match choice {
        DeviceChoice::Cpu => Ok(cpu()),
        DeviceChoice::Reference => Ok(Chosen { fast: false, ..cpu() }),
        DeviceChoice::Wgpu => wgpu(),
        DeviceChoice::Auto => Ok(hardware_gpu().unwrap_or_else(cpu)),
    }
}

fn cpu() -> Chosen {
    let name = format!("CPU, {} threads (burn-flex)", rayon::current_num_threads());
    Chosen { device: Device::flex(), name, fast: true }
}

#[cfg(feature = "gpu")]
fn wgpu() -> Result<Chosen> {
    let device = match Device::wgpu_options().init() {
        Ok(device) => device,
        // Burn opens an adapter once a process and says so in words only.
        Err(reason) if format!("{reason:?}").contains("already initialized") => {
            Device::wgpu(DeviceKind::DefaultDevice)
        }
        Err(reason) => bail!(
            "no GPU adapter was found ({reason:?}). Install a Vulkan, Metal or DirectX 12 \
             driver, or use --device cpu"
        ),
    };
    let name = device.identity().map_or_else(|| "GPU".to_owned(), |who| who.name);
    Ok(Chosen { device, name: format!("{name} (burn-wgpu)"), fast: false })
}

/// Return the first card that wgpu reaches. A software rasterizer is no card, and is passed over.
#[cfg(feature = "gpu")]
fn hardware_gpu() -> Option<Chosen> {
    let card = Device::enumerate_physical().into_iter().next()?;
    let device = card.devices.into_vec().into_iter().next()?;
    Some(Chosen { device, name: format!("{} (burn-wgpu)", card.name), fast: false })
}

#[cfg(not(feature = "gpu"))]
fn wgpu() -> Result<Chosen> {
    bail!("this trainer was built without the feature `gpu`; build it with it or use --device cpu")
}

#[cfg(not(feature = "gpu"))]
fn hardware_gpu() -> Option<Chosen> {
    None
}
