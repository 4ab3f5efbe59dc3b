/** The words of the section "See why, and learn"; the words of its views stand beside them in files of their own. */

export const labHtml = {
  learnTitle: 'See why, and learn',
  learnLead: 'Look into the network that has just answered: on your own patch, with the real weights, on this computer. Without a patch of yours, one drawn by this page is used.',
  learnNav: 'Views',
};

export const lab = {
  opening: 'Opening…',
  ended: 'The work was ended.',
  waiting: 'The network is being loaded…',
  spot: ([x, y]: [number, number]): string => `Spot at ${Math.round(x)}, ${Math.round(y)}`,
  whyLink: 'Why this answer?',
  views: {
    why: 'Why this answer',
    inside: 'Inside the network',
    threshold: 'Threshold and ROC',
    'own-set': 'Your labelled set',
    train: 'Train',
    tour: 'Guided tour',
  },
  titles: {
    why: 'Why this answer',
    inside: 'Inside the network',
    threshold: 'Threshold, ROC and what they mean',
    'own-set': 'Measure on your own labelled patches',
    train: 'Train a network here',
    tour: 'A guided tour',
  },
};
