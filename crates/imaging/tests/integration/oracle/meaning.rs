//! What a random file means: every voxel's value and its place, chosen before the file is written.

use std::collections::BTreeSet;

/// Numbers from a seed: SplitMix64.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to `end`, which is left out.
    pub fn below(&mut self, end: u64) -> u64 {
        self.bits() % end
    }

    /// From `first` to `last`.
    pub fn whole(&mut self, first: i64, last: i64) -> i64 {
        first + self.below((last - first) as u64 + 1) as i64
    }

    /// Whether something comes about that does so `percent` times in a hundred.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize].clone()
    }

    /// From `least` to `most`, in steps of a thousandth.
    pub fn number(&mut self, least: f64, most: f64) -> f64 {
        let (least, most) = ((least * 1000.0) as i64, (most * 1000.0) as i64);
        self.whole(least, most) as f64 / 1000.0
    }

    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for i in (1..things.len()).rev() {
            things.swap(i, self.below(i as u64 + 1) as usize);
        }
    }
}

/// How a number is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
    F32,
    F64,
}

pub const KINDS: [Kind; 10] = [
    Kind::I8,
    Kind::U8,
    Kind::I16,
    Kind::U16,
    Kind::I32,
    Kind::U32,
    Kind::I64,
    Kind::U64,
    Kind::F32,
    Kind::F64,
];

impl Kind {
    /// A value that it can store: mostly as CT has them, now and then at the ends of its range.
    pub fn draw(self, random: &mut Random) -> f64 {
        let (least, most): (i64, i64) = match self {
            Self::I8 => (-128, 127),
            Self::U8 => (0, 255),
            Self::I16 => (-32_768, 32_767),
            Self::U16 => (0, 65_535),
            Self::I32 => (i32::MIN.into(), i32::MAX.into()),
            Self::U32 => (0, u32::MAX.into()),
            // Beyond 2^53 no double is exact.
            Self::I64 => (-(1 << 52), 1 << 52),
            Self::U64 => (0, 1 << 53),
            Self::F32 | Self::F64 => (-(1 << 20), 1 << 20),
        };
        let usual = random.whole(least.max(-1024), most.min(3071));
        match self {
            Self::F32 if random.chance(50) => f64::from(usual as f32 * 0.37),
            Self::F64 if random.chance(50) => usual as f64 * 0.37,
            _ => usual as f64,
        }
    }

    /// A value at or beyond what 16 bits hold, where it can store one.
    pub fn extreme(self, random: &mut Random) -> f64 {
        match self {
            Self::I8 => -128.0,
            Self::U8 => 255.0,
            Self::I16 => random.pick(&[-32_768.0, 32_767.0]),
            Self::U16 => random.pick(&[32_768.0, 65_535.0]),
            Self::I32 => random.pick(&[-2_147_483_648.0, 40_000.0]),
            Self::U32 => random.pick(&[4_294_967_295.0, 32_768.0]),
            Self::I64 => random.pick(&[-4_503_599_627_370_496.0, -32_769.0]),
            Self::U64 => random.pick(&[9_007_199_254_740_992.0, 65_536.0]),
            Self::F32 => random.pick(&[f64::NAN, f64::INFINITY, 1e30_f32.into(), -1e7]),
            Self::F64 => random.pick(&[f64::NAN, f64::NEG_INFINITY, 1e300, -1e7]),
        }
    }

    pub fn bytes(self, value: f64, big: bool) -> Vec<u8> {
        macro_rules! write {
            ($kind:ty) => {{
                let number = value as $kind;
                if big { number.to_be_bytes().to_vec() } else { number.to_le_bytes().to_vec() }
            }};
        }
        match self {
            Self::I8 => write!(i8),
            Self::U8 => write!(u8),
            Self::I16 => write!(i16),
            Self::U16 => write!(u16),
            Self::I32 => write!(i32),
            Self::U32 => write!(u32),
            Self::I64 => write!(i64),
            Self::U64 => write!(u64),
            Self::F32 => write!(f32),
            Self::F64 => write!(f64),
        }
    }
}

/// Vectors in the body: left, posterior, superior; in mm.
pub type Lps = [f64; 3];

/// What a file holds.
#[derive(Clone, Debug)]
pub struct Meant {
    /// Voxels along the axes of the file's array, fastest first.
    pub size: [usize; 3],
    /// From voxel to voxel along each of them.
    pub steps: [Lps; 3],
    /// Centre of the first voxel.
    pub origin: Lps,
    /// Values in the order of the array, once scaled.
    pub hu: Vec<f64>,
    /// Codes of the warnings that must be told, and no others.
    pub told: BTreeSet<&'static str>,
}

/// A random file, or several that belong together.
#[derive(Clone)]
pub struct Written {
    /// Names and bytes, in the order in which they are opened.
    pub files: Vec<(String, Vec<u8>)>,
    pub meant: Meant,
    /// How it is written, for whoever looks for a fault.
    pub how: String,
    /// What is rare in it, by names that a comparison with another reader may leave out.
    pub rare: Vec<&'static str>,
}

/// A size with unequal sides, mostly.
pub fn size(random: &mut Random) -> [usize; 3] {
    [0; 3].map(|_| random.whole(1, 6) as usize)
}

pub fn pitch(random: &mut Random) -> [f64; 3] {
    [0; 3].map(|_| random.number(0.3, 3.0))
}

pub fn origin(random: &mut Random) -> Lps {
    [0; 3].map(|_| random.number(-300.0, 300.0))
}

/// Three axes at right angles: mostly along the body's in any order and sense, now and then
/// oblique. Left-handed ones too, unless `right` is asked for.
pub fn axes(random: &mut Random, right: bool) -> [Lps; 3] {
    let mut axes = match random.chance(25) {
        true => rotation(quaternion(random)),
        false => {
            let mut order = [0, 1, 2];
            random.shuffle(&mut order);
            order.map(|k| {
                let mut axis = [0.0; 3];
                axis[k] = random.pick(&[1.0, -1.0]);
                axis
            })
        }
    };
    if right {
        axes[2] = cross(axes[0], axes[1]);
    } else if random.chance(30) {
        axes[0] = axes[0].map(|side| if side == 0.0 { 0.0 } else { -side });
    }
    axes
}

/// Leans one axis against the other two, as a tilted gantry does; returns the steps. The pixels of
/// a slice become square, which tells it from the other planes.
pub fn leaning(random: &mut Random, axes: [Lps; 3], pitch: [f64; 3]) -> [Lps; 3] {
    let stack = random.below(3) as usize;
    let [a, b] = [(stack + 1) % 3, (stack + 2) % 3];
    let mut pitch = pitch;
    pitch[b] = pitch[a];
    pitch[stack] = pitch[a] * random.pick(&[0.5, 1.5, 3.0]);
    let sign = random.pick(&[1.0, -1.0]);
    let leans = random.pick(&[(0.1, 0.0), (0.0, 0.3), (0.2, 0.2), (0.4, -0.05)]);
    let mut steps = [0, 1, 2].map(|k| scaled(axes[k], pitch[k]));
    steps[stack] = [0, 1, 2].map(|k| {
        let aside = axes[a][k] * leans.0 + axes[b][k] * leans.1;
        pitch[stack] * (axes[stack][k] + sign * aside)
    });
    steps
}

/// A unit quaternion, real part first and not negative.
pub fn quaternion(random: &mut Random) -> [f64; 4] {
    loop {
        let parts = [0; 4].map(|_| random.number(-1.0, 1.0));
        let length = parts.iter().map(|part| part * part).sum::<f64>().sqrt();
        if length > 0.1 {
            let sign = if parts[0] < 0.0 { -1.0 } else { 1.0 };
            return parts.map(|part| part * sign / length);
        }
    }
}

/// The images of the three axes under a unit quaternion.
pub fn rotation([w, x, y, z]: [f64; 4]) -> [Lps; 3] {
    [
        [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y + z * w), 2.0 * (x * z - y * w)],
        [2.0 * (x * y - z * w), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z + x * w)],
        [2.0 * (x * z + y * w), 2.0 * (y * z - x * w), 1.0 - 2.0 * (x * x + y * y)],
    ]
}

pub fn cross(a: Lps, b: Lps) -> Lps {
    // `+ 0.0` makes 0 of -0, which no header should say.
    [
        a[1] * b[2] - a[2] * b[1] + 0.0,
        a[2] * b[0] - a[0] * b[2] + 0.0,
        a[0] * b[1] - a[1] * b[0] + 0.0,
    ]
}

pub fn scaled(axis: Lps, by: f64) -> Lps {
    axis.map(|side| side * by)
}

/// Stored values for a volume, and what of them must be told once they are scaled.
pub fn values(
    random: &mut Random,
    kind: Kind,
    count: usize,
    scale: (f64, f64),
    told: &mut BTreeSet<&'static str>,
) -> (Vec<f64>, Vec<f64>) {
    let mut stored: Vec<f64> = (0..count).map(|_| kind.draw(random)).collect();
    if random.chance(20) {
        let at = random.below(count as u64) as usize;
        stored[at] = kind.extreme(random);
    }
    let hu = stored.iter().map(|value| {
        let hu = if scale == (1.0, 0.0) { *value } else { value * scale.0 + scale.1 };
        // Not a number, also once it is one of 32 bits: air.
        if !(hu as f32).is_finite() {
            told.insert("not-a-number");
            return -1000.0;
        }
        if !(-32_768.0..=32_767.0).contains(&hu) {
            told.insert("beyond-hu");
        }
        hu
    });
    let hu = hu.collect();
    (stored, hu)
}
