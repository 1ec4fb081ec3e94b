"""The words that stand before the name of who wrote a document, and those that end a name."""

from __future__ import annotations

# By how surely the name that follows is the author's: one pattern a line.
LABELS = {
    12: r"""
(?:electronically |digitally |e-)?(?:checked and )?(?:signed|authenticated)(?: (?:and \w+ )?by\b|(?=[:,]))
unterzeichnet(?: von)?|gez\.
dictated(?: and \w+)? by|(?:医[师生]|医师)签[名字]""",
    11: r"""
(?:reported|written|authored|prepared|completed|documented|recorded|entered|charted|diagnosed) by|author\b|note author
dictating (?:physician|provider|clinician)|dictator|报告(?:医[师生]|者)|记录(?:者|医师)|verfasser""",
    10: r"""
(?:reporting|interpreting|reading) (?:radiologist|physician|doctor|pathologist|clinician|consultant)
读片医[师生]|(?:责任|值班)?护士(?:签[名字])?|befundet von""",
    9: r"""
(?:authori[sz]ed|verified|validated|approved|signed out|released|read|interpreted|performed|assessed|reconciled) by
(?:checked|examined|conducted|supervised|compiled|issued|certified|administered) by|first reader
(?:prelim(?:inary)?|entry|note|report|letter|dictation|summary|(?:list )?made|signed off) by
certifying scientist|(?:aufklärender|behandelnder|verantwortlicher) arzt|(?:aufklärende|behandelnde) ärztin
审核(?:医[师生]|者)""",
    8: r"""
(?:physician|doctor|clinician|person|surgeon|professional) (?:obtaining|taking|seeking|confirming) consent
(?:name of )?(?:responsible )?health(?:care)? professional(?:'s name)?|signature|unterschrift
主刀(?:医[师生])?|术者|谈话医[师生]|检验者""",
    7: r"""
(?:operating |primary |lead )?surgeon|radiologist|pathologist|endoscopist|operator|sonographer|provider|clinician
assessor
operateur""",
    5: r"""
(?:seen|reviewed|attended) by|attending(?: physician| provider)?|nurse|reviewer|pharmacist|therapist|midwife
(?:主[治管]|经治)医[师生]""",
}
# After a name: degrees and trades. A line of its own below a name begins with one of them.
TRADES = r"""
M\.?D|D\.?O|R\.?N|N\.?P|P\.?A(?:-C)?|Ph\.?D|MBBS|MBChB|MB|BS|BSc|MSc|FRC\w*|MRC\w*|FRAC\w*|FAC\w*|DNP|ARNP|APRN|FNP\S*
CRNA|LPN|BSN|CNS|DPM|PharmD|RPh|CNM|DDS|DMD|MBA|Consultant|Specialist|Registrar|Resident|Attending|Physician
Surgeon|Staff
Registered|Senior|Junior|Chief|Nurse|Ward|Foundation|Clinical|Practice|General|Radiologist|Pathologist|Histopathologist
Anaesthetist|Anesthesiologist|Cardiologist|Medical|Duty|Biomedical|Facharzt|Fachärztin|Oberarzt|Oberärztin|Chefarzt
Chefärztin
Assistenzarzt|Assistenzärztin|GP|ST\d|CT\d|FY\d|F\d|SHO|Locum|Pharmacist|Midwife|Matron|Associate|Occupational
Physiotherapist
Assistant|Interventional|Neurologist|Oncologist|Dermatologist|Gastroenterologist|Nephrologist|Urologist|Psychiatrist
P(?:a)?ediatrician|Geriatrician|Rheumatologist|H(?:a)?ematologist|Endocrinologist|Ophthalmologist|Gyn(?:a)?ecologist
Obstetrician|Psychologist|Dietitian|Podiatrist|Optometrist|Speech|Physical|House|District|Community|School|Charge
Lead|Core
Trainee|Intern|Fellow|Professor|Director|Head|Nephrology|Cardiology|Neurology|Advanced|Night|Team|Hospitalist|Paramedic|PHN|ENP|CCRN|CHPN"""
# What else ends a name on its line.
ENDS = r"""
Electronically|Date|Signed|Time|Sample|Department|GMC|NMC|On|At|Pager|Bleep|Title|Role|Job|Grade|Position|Reg|No
Band|Accession
Theatre|Eye|Acuity|PCP|Location|Referrer|Requester|Reviewed|Verified|Reported|Dictated|Printed|Page|Tel|Phone|Fax
Patient|DOB
MRN|Assistants?|Anaesthetists?|Anesthesia|Service|Age|Sex"""
NOT_A_PERSON = r"""
hospital|clinic|department|laborator\w+|service|centre|center|patient|surgery|summary|report|page|copy|copies|enc|encl
yours|sincerely|kind|regards|electronically|dictated|typed|signed|authori[sz]ed|verified|checked|name|signature
date|print|the
for|not|reviewed|consultant|registrar|physician|specialist|dear|re|this|no|plan|team|ward|unit|health|medical
university|nhs
trust|pathology|radiology|system|doctor|nurse|and|staff|end|with|best|wishes|thank|you|faithfully|truly|visit
record|notes?
attendance|office|form|list|chart|assessment|therapy|letter|imaging|emergency|general|family|medicine|care|review|history"""
