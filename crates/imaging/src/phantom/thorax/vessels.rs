//! Vessels: tubes that branch from the hila into the lungs and become thinner.

use super::anatomy::Anatomy;
use crate::geometry::Vec3;
use crate::phantom::{Capsule, between};
use rand_pcg::Pcg64Mcg;
use std::collections::VecDeque;

/// Radius of the first tube and of the last, mm.
const RADII_MM: [f64; 2] = [4.5, 0.55];
/// First tubes of a hilum.
const TRUNKS: usize = 7;
/// Most tubes of a trunk.
const MOST: usize = 70;

/// Middle and half side of a square that holds what of a tube lies within `blur` mm of a
/// level.
pub(super) fn at_level(tube: &Capsule, z: f64, blur: f64) -> Option<([f64; 2], f64)> {
    let reach = tube.radius + blur;
    let (low, high) = (tube.from[2].min(tube.to[2]), tube.from[2].max(tube.to[2]));
    if z < low - reach || z > high + reach {
        return None;
    }
    // The part of the segment that is near enough in z.
    let rise = tube.to[2] - tube.from[2];
    let part = |z: f64| if rise == 0.0 { 0.0 } else { ((z - tube.from[2]) / rise).clamp(0.0, 1.0) };
    let (a, b) = if rise == 0.0 { (0.0, 1.0) } else { (part(z - reach), part(z + reach)) };
    let at = |t: f64, k: usize| tube.from[k] + t * (tube.to[k] - tube.from[k]);
    let center = [0, 1].map(|k| (at(a, k) + at(b, k)) / 2.0);
    let half = [0, 1].map(|k| (at(a, k) - at(b, k)).abs() / 2.0);
    Some((center, half[0].max(half[1]) + reach))
}

/// The trees of both lungs.
pub(super) fn branches(rng: &mut Pcg64Mcg, anatomy: &Anatomy) -> Vec<Capsule> {
    let mut made = Vec::new();
    for side in [-1.0, 1.0] {
        let hilum = anatomy.hilum(side);
        for trunk in 0..TRUNKS {
            // A fan away from the middle: up, down, to the front and to the back.
            let turn = trunk as f64 / TRUNKS as f64 * std::f64::consts::TAU;
            let way = unit(Vec3([side * 1.1, libm::cos(turn), libm::sin(turn)]));
            let most = made.len() + MOST;
            let mut waiting = VecDeque::from([(hilum, way, RADII_MM[0] * anatomy.scale)]);
            while let Some((from, way, radius)) = waiting.pop_front() {
                if radius < RADII_MM[1] || made.len() >= most {
                    continue;
                }
                let random = |rng: &mut Pcg64Mcg, low, high| f64::from(between(rng, low, high));
                let length = (6.0 + 3.2 * radius) * random(rng, 0.8, 1.3);
                let to = from + way * length;
                if anatomy.at_level(to[2]).lung(to[0], to[1]) < 2.0 && from != hilum {
                    continue;
                }
                made.push(Capsule { from, to, radius });
                // One goes on, one turns away.
                let mut bend = |far: f64| {
                    let off = Vec3([0, 1, 2].map(|_| far * random(rng, -1.0, 1.0)));
                    unit(way + off)
                };
                let (on, away) = (bend(0.35), bend(1.0));
                waiting.push_back((to, on, radius * 0.84));
                waiting.push_back((to, away, radius * 0.66));
            }
        }
    }
    made
}

/// Return the direction; of chance, none is so short that it has none.
fn unit(way: Vec3) -> Vec3 {
    way.normalized().unwrap_or(way)
}
