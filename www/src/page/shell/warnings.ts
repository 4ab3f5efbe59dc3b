/** What the user asked for and does not get, said once where it is seen: WebGPU, a network of the address, a fault on purpose. */
import { networkName } from '../../strings/networks.ts';
import { strings } from '../../strings/strings.ts';
import type { Engines } from '../engines/engines.ts';
import { faultAskedFor } from '../engines/fault-switch.ts';

export class Warnings {
  private fellBackFor = '';
  private saidUnknown = false;
  private readonly engines: Engines;
  private readonly notify: (...text: string[]) => void;

  constructor(engines: Engines, notify: (...text: string[]) => void) {
    this.engines = engines;
    this.notify = notify;
  }

  begin(): void {
    const fault = faultAskedFor();
    if (fault) this.notify(strings.why.faultIsOn(fault));
  }

  draw(): void {
    this.fallback();
    this.unknownModel();
  }

  private fallback(): void {
    const { choice, webgpu } = this.engines;
    const reason = choice.fellBack ? choice.why : '';
    if (reason === this.fellBackFor) return;
    this.fellBackFor = reason;
    if (reason) this.notify(reason, ...(webgpu.phase === 'failed' && webgpu.problem.hint ? [webgpu.problem.hint] : []));
  }

  private unknownModel(): void {
    const { current, unknownModel } = this.engines;
    if (this.saidUnknown || !current || unknownModel === undefined) return;
    this.saidUnknown = true;
    this.notify(strings.network.unknown(unknownModel, networkName(current.id, current.name)));
  }
}
