"""The titles that documents of a kind bear, and the phrases that their pages use."""

from __future__ import annotations

from assistant.domain import DocumentKind

# One pattern a line, matched anywhere in a title at the beginning of a word.
TITLES = {
    DocumentKind.DISCHARGE_SUMMARY: r"""
discharge (?:summary|letter|report|note|advice|document)
(?:summary of (?:hospital |inpatient )?admission|inpatient summary|hospital (?:course|stay) summary)
(?:immediate|final|interim|electronic) discharge|e-?discharge
(?:death|transfer|inpatient) summary
entlass(?:ungs)?(?:brief|bericht)
compte rendu d.hospitalisation
informe de alta
出院(?:小结|记录|总结)""",
    DocumentKind.CONSENT: r"""
(?:informed )?consent (?:form|for|to|agreement)\b
consent\b.{0,30}\b(?:form|treatment|procedure|operation|anaesthe|surgery)
(?:patient )?agreement to (?:treatment|investigation|surgery|an? )
authori[sz]ation (?:for|to) (?:operat|treat|perform|surg|an? )
(?:informed )?consent\s*$
aufklärungsbogen
(?:知情)?同意书""",
    DocumentKind.PATHOLOGY: r"""
(?:surgical|cellular|anatomic(?:al)?|tissue|molecular) pathology\b(?! (?:service|department|laborator))
histopathology (?:report|result)
histolog(?:y|ical) (?:report|result|findings)
cyto(?:logy|logical|pathology) (?:report|result)
(?:biopsy|autopsy|post-?mortem|specimen) report
pathology (?:report|consultation|diagnosis)
bone marrow (?:aspirate|biopsy|trephine)
病理(?:报告|检查|诊断|学)""",
    DocumentKind.OPERATION_NOTE: r"""
(?:operat(?:ion|ive|ing)|surgical|surgery|procedure|theatre|op) (?:note|report|record|summary|details|dictation)
(?:endo|colono|gastro|broncho|cysto|hystero|arthro)scopy (?:report|note|record)
(?:ercp|ogd|egd|upper endoscopy|colonoscopy|gastroscopy|bronchoscopy|cystoscopy)(?: (?:report|note|record)|\s*$)
(?:anaesthetic|anesthesia|anaesthesia) (?:record|chart|note)
(?:cardiac )?cath(?:eteri[sz]ation)?(?: laboratory| lab)? report
(?:lower|upper) (?:gastrointestinal|gi) endoscopy
(?:delivery|cardioversion|intervention) (?:note|report|record)
op(?:erations)?-?bericht
手术(?:记录|报告)""",
    DocumentKind.RADIOLOGY: r"""
(?:radiology|imaging|x-?ray|ct|mri?|ultrasound|pet(?:[-/ ]ct)?|dexa|echo) (?:report|result|study|examination|final|scan)
(?:ct|mri?|x-?ray|xr|us|uss|ultrasound|pet|dexa)\b.{0,40}\b(?:chest|abdomen|pelvis|head|brain|spine|knee|hip|breast)
(?:ct|mri?|x-?ray|xr|us|uss|ultrasound|pet|dexa)\b.{0,40}\b(?:kidneys?|renal|liver|neck|shoulder|ankle|wrist|foot|hand|thorax|lumbar)
(?:ct|mri?)\b.{0,40}\b(?:cervical|angiogra\w+|venogram|with contrast|without contrast)
(?:chest|abdominal|pelvic|lumbar|cervical|skull|knee|hip|renal) (?:x-?ray|radiograph|film|ct|mri|ultrasound)
(?:transthoracic|transoesophageal|transesophageal|stress) echo
(?:echocardiogra(?:m|phy|phic)|mammogra(?:m|phy)|diagnostic imaging|doppler (?:study|report|ultrasound))
bone (?:density|densitometry)
(?:röntgen|sonograph|radiologischer befund)
(?:ct|mri?|x线|超声|彩超|b超|放射|影像|磁共振).{0,8}(?:报告|检查|诊断)""",
    DocumentKind.MEDICATION_LIST: r"""
(?:medication|medicines?) (?:use )?(?:list|review|reconciliation|record|profile|chart|summary|administration|history)
(?:repeat|current|active|home|patient|discharge|my) (?:medications?|prescriptions?|medicines)(?: list)?\s*(?:$|[:(–-])
(?:drug|prescription|prescribing|pharmacy) (?:chart|list|kardex|record|profile)
(?:repeat (?:prescription|slip|template)|mar chart|kardex|dosette)
medi(?:kations|kamenten)(?:plan|liste)
(?:用药|药物)(?:清单|记录|列表)""",
    DocumentKind.NURSING: r"""
nurs(?:ing|e'?s?) (?:assessment|notes?|record|care|progress|admission|handover|evaluation|report|shift)
nurs(?:ing|e'?s?) (?:checklist|documentation|flow|observation|entry|home|visit|triage|discharge|summary|communication)
(?:shift (?:note|report|summary)|care plan|handover (?:sheet|note)|home (?:health )?visit)
(?:observations?|news2?|fluid|wound(?: care)?|pressure area) (?:chart|balance|assessment|record)
(?:district|community|school|practice) nurs(?:e|ing)
(?:intravenous|infusion|transfusion|iron)\b.{0,12}\brecord
(?:vital signs?|icu|nursing|critical care) (?:flow ?sheet|chart|record)|flow ?sheet|daily record of care
pflege(?:bericht|dokumentation)
护理(?:记录|评估|单)""",
    DocumentKind.LABORATORY: r"""
lab(?:oratory)? (?:report|results?|data|tests?|findings|investigations?|summary)
(?:ha?ematology|(?:bio)?chemistry|microbiology|serology|immunology|coagulation|virology|toxicology) (?:report|results?)
(?:blood|urine|pathology) (?:tests?|results?|report|panel|culture)
cumulative (?:laboratory |lab |pathology |blood |biochemistry )?(?:results?|report)
(?:test results?|results? report|culture (?:report|result)|urinalysis)
(?:complete blood count|(?:comprehensive|basic) metabolic panel|lipid panel)
labor(?:befund|bericht|werte)
(?:检验|化验)(?:报告|结果|单)""",
    DocumentKind.CLINIC_LETTER: r"""
clinic (?:letter|note|visit|review|summary)
(?:out-?patient|consultation|referral|follow-?up|new patient|specialist|consultant) (?:letter|consultation|clinic|visit)
consult(?:ation)?(?: (?:report|note)|\s*$)
(?:referral (?:letter|form|to)|urgent referral|office visit|ambulatory (?:visit|note))
(?:progress note|follow[- ]?up(?: (?:visit|note)|\s*$)|consult(?:ation)? note|letter (?:to|from) )
clinic, \d{1,2} \w+ \d{4}
(?:门诊(?:病历|记录)|会诊(?:记录|意见))""",
    DocumentKind.OTHER: r"""
(?:emergency department|a&e|ed) (?:provider )?(?:note|record|attendance|summary|report)
(?:provider note|registration (?:and|form)|health check|consultation record|history and physical|problem list)
(?:ambulance|patient care report|fax(?:ed)? (?:cover|transmission)|cover sheet|transmittal)
(?:insurance|claim form|invoice|billing|statement of account)
(?:immuni[sz]ation|vaccination) (?:record|history)
(?:sick note|fit note|death certificate|medical certificate|birth plan|statement of fitness)
(?:physiotherapy|physical therapy|occupational therapy|dietitian|dietetic|speech and language|social work|psycholog\w+)
(?:advance (?:directive|decision)|power of attorney|dnacpr|respect form)
(?:genetic (?:test|counsel)\w*|spirometry|pulmonary function|ecg report|electrocardiogra\w*|eeg report|sleep study)
(?:appointment (?:letter|notice)|information leaflet|patient information)""",
}
# What pages of a kind say, in small letters; the number of points follows.
PHRASES = {
    DocumentKind.DISCHARGE_SUMMARY: (
        "discharge diagnos=3|date of discharge=2|hospital course=3|discharge medication=3|condition on discharge=2"
        "|condition at discharge=2|date of admission=1|admitting diagnosis=2|length of stay=1|discharge disposition=3"
        "|actions for the gp=2|reason for admission=2|reason for hospitali=3|discharge plan=2"
        "|for the family doctor=2|medicines to continue=2|came in=1|course in hospital=3"
        "|course in the hospital=3|出院带药=3|why in hospital=3|meds at discharge=3|discharged on=2"
        "|出院诊断=3"
        "|出院医嘱=3"
    ),
    DocumentKind.CONSENT: (
        "i consent to=4|i agree to the=3|hereby consent=5|hereby authori=5|i understand that=2|aufgeklärt=2"
        "|willige=3|we agree to=3|i agree to=3|been explained to me=3"
        "|signature of patient=3|patient signature=2|statement of patient=3|patient's signature=2|患者签名=2|我同意=4"
    ),
    DocumentKind.PATHOLOGY: (
        "gross description=4|macroscop=3|microscop=3|immunohistochem=2|specimen submitted=3|nature of specimen=3"
        "|final pathologic diagnosis=4|formalin=3|cassette=2|pathologist=2|biopsy=1|carcinoma=1|dysplasia=1"
        "|histology=2|gleason=3|margin=1|perineural=2|镜下=3|免疫组化=3"
    ),
    DocumentKind.OPERATION_NOTE: (
        "preoperative diagnosis=3|pre-operative diagnosis=3|estimated blood loss=3|anaesthetist=2|anesthesiologist=2"
        "|surgeon=1|complications=1|incision=2|procedure performed=3|description of procedure=4"
        "|prepped and draped=4|endoscopist=2"
        "|swabs=1|procedure:=2|operation:=2|operator=1|assistant:=1|post-op=1|skin prep=2|vicryl=2|prolene=2"
        "|layers=1|sedation=1|scope=1|术中=3|麻醉=2"
    ),
    DocumentKind.RADIOLOGY: (
        "technique=1|comparison:=2|impression=1|findings=1|radiologist=2|no acute=1|no fracture=2|dislocation=1"
        "|uptake=2|metastases=1|no evidence of=1|degenerative=1|cardiomediastinal=3|radiograph=2"
        "|pleural effusion=1|echogenic=2|accession=1|影像所见=3|影像表现=3"
    ),
    DocumentKind.MEDICATION_LIST: (
        "last filled=2|refills=1|repeat medication=2|active medications=2|current medications=1|over the counter=1"
    ),
    DocumentKind.NURSING: (
        "nursing=1|pressure area=2|waterlow=3|braden=3|repositioned=3|call bell=3|call light=3|pain score=1|iv site=2"
        "|handover=1|registered nurse=1|staff nurse=2|wound bed=3|bed rails=3|bowels opened=1|tolerated diet=1"
        "|mouth care=2|turned=1|hoisted=2|suctioned=2|health nurse=2|feeding well=1|settled=1|slept=1|护士=2"
    ),
    DocumentKind.LABORATORY: (
        "reference range=3|reference interval=3|ref range=3|ref. range=3|collected=2|lab no=1|mmol/l=1|g/dl=1|mg/dl=1"
        "|abnormal flag=2|specimen received=2|organism=1|susceptib=2|biomedical scientist=2|collection time=2"
        "|specimen:=1|ref. range=2|ref. interval=2|sample collected=2|screen=1|positive=1|negative=1|cutoff=2"
        "|ng/ml=1|u/l=1|complete blood=2|titre=1|mcv=1"
        "|platelets=1|参考值=3|参考范围=3"
    ),
    DocumentKind.CLINIC_LETTER: (
        "dear dr=4|dear doctor=4|dear colleague=4|yours sincerely=3|kind regards=2|for referring=3|yours faithfully=3"
        "|thank you for sending=3|clinic date=3|letter date=2|dear gp=4|good wishes=2|best wishes=2|i saw=1|hpi=2"
        "|interval history=3|a/p=2|rtc=2|assessment and plan=2"
        "|thank you for letting=2|reason for consult=3|outpatient=1|in clinic today=3|our ref=2|chief complaint=2"
        "|history of present illness=2|review of systems=2"
        "|sehr geehrte=4"
        "|pleasure of seeing=4|主诉=1|many thanks for=3|reviewed in clinic=3"
    ),
}
# Words of the first lines that hint at a kind where no title names it; something of the text has to agree.
HEADING_WORDS = {
    DocumentKind.DISCHARGE_SUMMARY: r"discharge\w*|transfer of care|entlass\w*|sortie|informe de alta|出院",
    DocumentKind.CONSENT: r"consent|einwilligung\w*|aufklärung\w*|consentimiento|consentement|同意",
    DocumentKind.PATHOLOGY: r"histo\w+|patholog\w+|cyto\w+|biops\w+|病理",
    DocumentKind.OPERATION_NOTE: (
        r"operation|operative|surgical|theatre|procedures?|phaco|\w*scopy|anaesthe\w+|anesthe\w+|手术"
    ),
    DocumentKind.RADIOLOGY: (
        r"imaging|radiolog\w+|x-?rays?|mri|ct|ultrasound|scans?|views?|nuclear medicine|mammo\w+|doppler|röntgen\w*"
    ),
    DocumentKind.MEDICATION_LIST: r"medicines?|medications?|prescriptions?|pharmacy|drugs?|medikament\w*|用药",
    DocumentKind.NURSING: r"nurs\w+|midwi\w+|health visitor|carers?|shift|pflege\w*|护理",
    DocumentKind.LABORATORY: (
        r"labs?|laborator\w+|bloods?|profile|serum|assay|toxicology|(?:bio)?chemistry|ha?ematology|micro\w+ology"
        r"|immunology|sciences|labor\w*|检验"
    ),
    DocumentKind.CLINIC_LETTER: r"clinic|consultation|outpatients?|review|sprechstunde|门诊",
}
