import { after, before } from 'node:test';
import { describeAdmission } from './admission';
import { describeBadNetwork } from './badNetwork';
import { policies } from './deployBench';
import { describeDryRun } from './dryRun';
import { openHazardBench, type HazardBench } from './hazardBench';
import { describeOwnedModel } from './ownedModel';
import { describeRolloutStages } from './rolloutStages';

// One cluster for all that stands in the way of a deploy and is no fault of the model.
let bench: HazardBench;
before(async () => {
  bench = await openHazardBench({ policies });
});
after(() => bench.close());

describeOwnedModel(() => bench);
describeDryRun(() => bench);
describeAdmission(() => bench);
describeBadNetwork(() => bench);
describeRolloutStages(() => bench);
