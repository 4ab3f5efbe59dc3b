/** All views of "See why, and learn". */
import type { ViewName } from './address.ts';
import { Inside } from './inside/inside-view.ts';
import { OwnSetView } from './own-set/own-set-view.ts';
import { ThresholdView } from './threshold/threshold-view.ts';
import { Tour } from './tour/tour-view.ts';
import { TrainView } from './train/train-view.ts';
import type { Shared, View } from './view.ts';
import { WhyView } from './why/why-view.ts';

export type Views = Record<ViewName, View> & { 'own-set': OwnSetView; train: TrainView };

export function makeViews(shared: Shared): Views {
  const ownSet = new OwnSetView(shared);
  return {
    why: new WhyView(shared),
    train: new TrainView(shared, () => ownSet.labelled()),
    inside: new Inside(shared),
    tour: new Tour(shared),
    threshold: new ThresholdView(shared),
    'own-set': ownSet,
  };
}
