// Configure certificate: which one, for which domains, and what came of it.

import { change } from './api.js';
import { CertificateChoice } from './certificate-choice.js';
import { factsList, factsOf } from './certificate-facts.js';
import { Dialog } from './dialog.js';
import { DomainChoice, domainsFor } from './domain-choice.js';
import { el } from './dom.js';
import { missing } from './fault.js';
import { outcomeList, outcomeSummary } from './outcome.js';
import { t } from './texts.js';

export function configure(changed) {
  new Wizard(changed).chooseCertificate();
}

class Wizard {
  #dialog;
  #changed;
  #certificates = new CertificateChoice();

  constructor(changed) {
    this.#changed = changed;
    this.#dialog = new Dialog(t('configure'), { wide: true });
  }

  chooseCertificate() {
    this.#dialog.show(this.#certificates.element, [
      [t('cancel'), () => this.#dialog.close()],
      [t('configure.next'), () => this.#chooseDomains(), 'primary'],
    ], t('configure.step1'));
  }

  async #chooseDomains() {
    const certificate = this.#certificates.read();
    if (!certificate.body.certificate) throw missing('certificate.name.missing');
    const facts = factsList(await factsOf(certificate.body));
    const domains = new DomainChoice(await domainsFor(certificate));
    this.#dialog.show([facts, domains.element], [
      [t('cancel'), () => this.#dialog.close()],
      [t('back'), () => this.chooseCertificate()],
      [t('configure.do'), () => this.#apply(certificate, domains), 'primary'],
    ], t('configure.step2', { name: certificate.body.certificate }));
  }

  async #apply({ body, isNew }, domains) {
    const chosen = domains.read();
    if (chosen.domains.length === 0 && !isNew) throw missing('configure.no_domains');
    const outcome = await change('POST', '/bindings', { ...body, ...chosen }, { isNew });
    this.#changed();
    this.#dialog.finish([el('p', { class: 'summary' }, outcomeSummary(outcome)), ...outcomeList(outcome)],
      t('configure.done', { name: body.certificate }));
  }
}
