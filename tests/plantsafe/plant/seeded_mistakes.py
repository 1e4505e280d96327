"""Mistakes that people make in a plant file, each with what must be said of it and the mend that takes it away."""

# ruff: noqa: E501  # a seed is one line, to be read beside its neighbours

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """`old` of the good file becomes `new`; what is said has the field, `wrong` and `mend` in it; `mended` is good."""

    old: str
    new: str
    field: str
    wrong: str
    mend: str
    mended: str | None = None
    line: str | None = None


def seed(
    old: str, new: str, field: str, wrong: str, mend: str, mended: str | None = None, line: str | None = None
) -> Seed:
    """A seed; `mended` is the good text itself where following the mend leads back to it.

    `line`: text of the line that it is told at, where that is not the changed one.
    """
    return Seed(old=old, new=new, field=field, wrong=wrong, mend=mend, mended=mended, line=line)


SEEDS = (
    # form
    seed("author: test", "autor: test", "autor", "no field", "did you mean 'author'?"),
    seed("scan_period_s: 1.0", "scan_period_s: -1", "scan_period_s", "greater than or equal to 0.05", "write a value of the kind"),
    seed("running: XA", "runing: XA", "units.R1.runing", "no field", "did you mean 'running'?"),
    seed("display: [TI, FI]", "display: [TI, FI]\n    display: [TI]", "units.0.display", "there already, at line 27", "remove one"),
    seed("head_count_max: 8}", "head_count_max: many}", "workshops.W2.head_count_max", "valid integer", "write a value"),
    seed("process: separation", "process: separator", "units.S1.process", "'separation'", "one of the values"),
    seed("date: \"2025-06-12\"", "date: \"2025-06-31\"", "units.R1.hazard.date", "day is out of range", "write a value"),
    seed("name: P-1, title", "name: \"P 1\", title", "people.P 1.name", "pattern", "letters, digits"),
    seed("kind: state, title: *t, modbus: {table: coil", "kind: status, title: *t, modbus: {table: coil", "points.XV2.C.kind", "'state'", "one of the values"),
    seed("range: [0, 5000]", "range: [0, .nan]", "points.WI.range.1", "finite", "write a value"),
    # names and references
    seed("{name: TD, unit: S1", "{name: TI, unit: S1", "points.TI.name", "there already, at line 6", "another name"),
    seed("{name: GA.H, point", "{name: X.1, point", "X.1.name", "there already", "another name", line="name: X.1, unit"),
    seed("{name: GA.H, point", "{name: SIF-1.tripped, point", "SIF-1.tripped.name", "a condition of our own, of the function SIF-1", "another name"),
    seed("{name: GA.H, point", "{name: R1.TI.window, point", "R1.TI.window.name", "a condition of our own, of the window R1.TI", "another name"),
    seed("{name: X.1, unit", "{name: clock.step, unit", "clock.step.name", "a condition of our own", "another name"),
    seed("- {name: CE-3,", "- {name: CE-1,", "causes_and_effects.CE-1.name", "there already", "another name"),
    seed("workshop: W1\n    process: separation", "workshop: W9\n    process: separation", "units.S1.workshop", "no workshop 'W9'", "did you mean 'W"),
    seed("head_count: HC", "head_count: HX", "workshops.W1.partitions.P1.head_count", "no point 'HX'", "did you mean"),
    seed("sampled: {product_impurity: LAB-1}", "sampled: {product_impurity: LAB-9}", "units.R1.sampled.product_impurity", "no sample 'LAB-9'", "did you mean 'LAB-1'?"),
    seed("substance: NO2, level_1: 5, level_2: 10, partition: P1", "substance: NO2, level_1: 5, level_2: 10, partition: P9", "gas_detectors.G1.partition", "no partition 'P9'", "did you mean 'P1'?"),
    seed("reactor_temperature: [TI, TA]", "reactor_temperature: [TI, TZ]", "units.R1.parameters.reactor_temperature.1", "no point 'TZ'", "did you mean 'T"),
    seed("[{point: FA}, {point: FB}]", "[{point: FA}, {point: FZ}]", "functions.SIF-2.inputs.1.point", "no point 'FZ'", "did you mean 'F"),
    seed("{name: WI, unit: S1, source: DCS", "{name: WI, unit: S1, source: DCX", "points.WI.source", "no source 'DCX'", "did you mean 'DCS'?"),
    seed("register_entry: UPS-1", "register_entry: UPS-2", "effects.stop-feed.preconditions.ups.register_entry", "no register entry", "did you mean 'UPS-1'?"),
    seed("workshops: [W1], certificate: CERT-1", "workshops: [W1], certificate: CERT-2", "people.P-1.certificate", "no certificate", "did you mean 'CERT-1'?"),
    seed("elements: [XV-1, XV-2]", "elements: [XV-1, XV-2, XV-3]", "effects.stop-feed.elements.2", "no final element", "did you mean 'XV-"),
    seed("function: SIF-2, bypass_allowed", "function: SIF-3, bypass_allowed", "causes_and_effects.CE-2.function", "no function", "did you mean 'SIF-"),
    # units
    seed("assessed_class: 2", "assessed_class: 1", "units.R1.hazard.assessed_class", "gives 2", "correct it from the assessment report"),
    seed("      ph: [AP]", "      oh: [AP]", "units.R1.parameters.oh", "no parameter 'oh'", "did you mean 'ph'?"),
    seed("      agitation: [SI]\n", "      agitation: []\n", "units.R1.parameters", "without its monitored parameter agitation", "name the points of agitation", line="parameters:"),
    seed("not_applicable: {still_impurity: {evidence: no still here, approved_by: Li Na}}", "not_applicable: {still_impurity: {evidence: no still here}}", "units.R1.not_applicable.still_impurity.approved_by", "approved_by is missing", "add approved_by"),
    seed("code: 3, name: dose", "code: 4, name: dose", "units.R1.phases.dose.code", "no state 4", "write one of 0, 3"),
    seed("low: 40, normal_low: 55", "low: 60, normal_low: 55", "units.R1.phases.dose.windows.0.normal_low", "is below low 60", "in order"),
    seed("high: 66}]}", "high: 660}]}", "units.R1.phases.dose.windows.0.high", "outside the range 0 to 150", "correct the window"),
    seed("high: 66}]}", "high: 74}]}", "units.R1.phases.dose.windows.0.high", "not before the trip of SIF-1 at 73", "before 73"),
    seed("high: 66}]}", "high: 66}, {point: TI, high: 65}]}", "units.R1.phases.dose.windows.1.point", "another window of TI", "keep one"),
    seed("phase_point: PH", "phase_point: XA", "units.R1.phases.dose.code", "XA has no state 3", "describe the states of XA", line="code: 3"),
    seed("    follows: R1\n", "    follows: S1\n", "units.S1.follows", "S1 has no phases to follow", "write one of R1"),
    seed("    follows: R1\n", "    follows: R9\n", "units.S1.follows", "no unit 'R9'", "did you mean 'R1'?"),
    seed("phase_point: PH", "follows: S1\n    phase_point: PH", "units.R1.follows", "follows its own", "remove it", line="follows: S1"),
    seed("head_count: HC, head_count_max: 3", "head_count: HC, head_count_max: 4", "workshops.W1.partitions.P1.head_count_max", "the rule allows 3", "at most 3"),
    seed("    head_count_max: 9\n", "    head_count_max: 12\n", "workshops.W1.head_count_max", "the rule allows 9", "at most 9"),
    # sources and addresses
    seed("{user: reader, password_env: PLANT_PASSWORD}", "{user: reader, password: geheim}", "sources.DCS.credentials.password", "a secret has no place", "password_env: NAME"),
    seed("endpoint: opc.tcp://10.0.0.1:4840/plant", "endpoint: opc.tcp://me:pw@10.0.0.1:4840/plant", "sources.DCS.endpoint", "carries a user", "password_env: NAME"),
    seed("endpoint: tcp://10.0.0.2:502", "endpoint: http://10.0.0.2", "sources.SIS.endpoint", "no modbus endpoint", "tcp://HOST:PORT"),
    seed("    scan_period_s: 2\n", "    scan_period_s: 1.5\n", "sources.DCS.scan_period_s", "no multiple", "a multiple of 1"),
    seed("    heartbeat: WD\n", "    heartbeat: HB\n", "sources.SIS.heartbeat", "HB is not read from SIS", "of this source"),
    seed("period_s: 0.2, points", "period_s: 2, points", "sources.SIS.fast_groups.quick.period_s", "less than or equal to 0.5", "write a value"),
    seed("    certificates: certs\n", "", "sources.DCS.security", "without certificates", "name the folder", line="security: Basic256Sha256"),
    seed("registers_per_read: 100", "registers_per_read: 100, requests_per_s: 4", "sources.SIS.limits.requests_per_s", "requests a second; 4 are allowed", "allow 8", "registers_per_read: 100, requests_per_s: 8"),
    seed("registers_per_read: 100", "registers_per_read: 300", "sources.SIS.limits.registers_per_read", "less than or equal to 125", "write a value"),
    seed("title: *t, opcua: {node: s=AP}", "title: *t, modbus: {table: input, address: 200}", "points.AP.modbus", "DCS speaks opcua", "opcua address"),
    seed("opcua: {node: s=FW}", "opcua: {node: s=FI}", "points.FW.opcua", "node of FI too", "its own node"),
    seed("address: 2, type: float32", "address: 2, type: string", "points.TB.modbus.length", "a string without length", "number of registers"),
    seed("address: 2, type: float32", "address: 2, type: string, length: 2", "points.TB.modbus.type", "no state point", "kind: state"),
    seed("address: 2, type: float32", "address: 1, type: float32", "points.TB.modbus.address", "reads the place of TA, at 1 to 2", "correct one of the two"),
    seed("address: 7, bit: 1}", "address: 7, bit: 0}", "points.TB.B.modbus.address", "reads the place of TA.B", "correct one of the two"),
    seed("{table: coil, address: 3, type: bool}", "{table: coil, address: 3, type: bool, bit: 2}", "points.XV2.C.modbus.bit", "a coil is a bit already", "remove bit"),
    seed("{table: discrete, address: 1, type: bool}", "{table: discrete, address: 1, type: float32}", "points.S2.TRIP.modbus.type", "cannot hold a float32", "type: bool"),
    seed("address: 100}", "address: 70000}", "points.WD.modbus.address", "less than or equal to 65535", "write a value"),
    seed("address: 4, type: float64", "address: 65534, type: float64", "points.FA.modbus.address", "past the last register", "zero-based"),
    seed("byte_order: little, scale: 0.1", "byte_order: little, scale: 0", "points.FB.modbus.scale", "every value the same", "give the step"),
    seed("eu: rpm, range: [0, 200]", "eu: rpm, range: [200, 0]", "points.SI.range", "is empty", "lower end first"),
    seed("range: [0, 20], title: *t, opcua: {node: s=HC}}", "range: [0, 20], title: *t}", "points.HC", "one address", "either opcua or modbus"),
    seed("eu: rpm, range", "eu: rpn, range", "points.SI.eu", "no unit of measure", "did you mean"),
    seed("same_as: TI,", "same_as: FW,", "points.TA.same_as", "does not convert", "measures the same"),
    # reduction
    seed("range: [0, 200], title: *t, opcua: {browse_path", "range: [0, 200], reduce_deadband: 0.5, title: *t, opcua: {browse_path", "points.TD.reduce_deadband", "used by S1 (units.parameters.distillation_temperature.0)", "leave reduce_deadband out"),
    seed("range: [0, 1000], title: *t, opcua: {node: s=FI}", "range: [0, 1000], reduce_deadband: 2, title: *t, opcua: {node: s=FI}", "points.FI.reduce_deadband", "used by R1", "leave reduce_deadband out"),
    seed("point: TI, direction: HH", "point: TR, direction: HH", "points.TR.reduce_deadband", "used by TI.HH", "leave reduce_deadband out", line="name: TR"),
    seed("'\"XA\" < 0.5 and abs", "'\"TR\" < 0.5 and abs", "points.TR.reduce_deadband", "used by the expression of X.1", "leave reduce_deadband out", line="name: TR"),
    seed("kind: count, range: [0, 20], title: *t, opcua: {node: s=HC}", "kind: count, range: [0, 20], reduce_deadband: 1, title: *t, opcua: {node: s=HC}", "points.HC.reduce_deadband", "a count is kept as it was read", "leave reduce_deadband out"),
    seed("title: *t, same_as: TI,", "title: *t, reduce_deadband: 1, same_as: TI,", "points.TA.reduce_deadband", "compared with TI", "leave reduce_deadband out"),
    seed("reduce_deadband: 0.25", "reduce_deadband: 80", "points.TR.reduce_deadband", "leaves nothing of the range", "the error that its readers can do with"),
    seed("    security: Basic256Sha256\n", "    security: Basic256Sha256\n    max_source_age_s: 60\n", "points.TR.reduce_deadband", "judged by the age of its stamps", "leave reduce_deadband out", line="name: TR"),
    # alarms
    seed("direction: HH, limit: 70", "direction: HH, limit: 700", "alarms.TI.HH.limit", "outside the range", "correct the limit or the range"),
    seed("direction: LL, limit: 4, deadband", "direction: LL, limit: 9, deadband", "alarms.FW.LL.limit", "is not below", "LL < L < H < HH"),
    seed("limit: 66, deadband: 1.5", "limit: 66, deadband: 2.5", "alarms.TI.H.deadband", "over half", "at most 2"),
    seed("direction: HH, limit: 70,", "direction: HH, limit: 74,", "alarms.TI.HH.limit", "after the trip of SIF-1 at 73", "before 73"),
    seed("on_delay_s: 10, priority", "on_delay_s: 90, priority", "alarms.FW.L.on_delay_s", "over a fifth", "at most 60", "on_delay_s: 60, priority"),
    seed("deadband: 1, priority: 1", "deadband: 1, off_delay_s: 5, priority: 1", "alarms.TI.HH.off_delay_s", "high-high temperature of a nitration", "remove it"),
    seed("on_delay_s: 10, priority", "on_delay_s: 10, off_delay_s: 1e12, priority", "alarms.FW.L.off_delay_s", "less than or equal to 86400", "write a value"),
    seed("deadband: 0.2, priority", "deadband: 0.2, on_delay_s: 1, priority", "alarms.GA.H.on_delay_s", "delay on a GDS alarm", "remove it"),
    seed("shelve_max_min: 30", "shelve_max_min: 300", "alarms.TI.H.shelve_max_min", "allow 60", "at most 60", "shelve_max_min: 60"),
    seed("suppress: '\"XA\" < 0.5'", "suppress: '\"XB\" < 0.5'", "alarms.TI.H.suppress", "no point 'XB'", "did you mean 'X"),
    seed("abs(\"FI\") > 20'", "abs(\"FI\") > '", "expression_alarms.X.1.expression", "is no expression", "names of points stand in quotes"),
    seed("dose: {en: Slow down, zh: 减慢}", "dosing: {en: Slow down, zh: 减慢}", "alarms.TI.H.guidance_by_phase.dosing", "no phase 'dosing'", "dose"),
    seed("respond_min: 5, first_out: R1", "respond_min: 5, first_out: R2", "first_out", "alone", "in another alarm"),
    seed("class: process, respond_min: 5", "class: procedure, respond_min: 5", "alarms.FW.L.class", "'process'", "one of the values"),
    # functions
    seed("    on_fault: vote_trip\n    on_bypass: remove\n", "    on_fault: vote_trip\n", "functions.SIF-1.on_bypass", "on_bypass is missing", "vote_trip, vote_healthy, remove; there is no default", line="- name: SIF-1"),
    seed("    vote: 2\n", "    vote: 3\n", "functions.SIF-2.vote", "can never trip", "at most 2"),
    seed("element_vote: 1\n    response_s: 30", "element_vote: 2\n    response_s: 30", "functions.SIF-1.element_vote", "can never succeed", "at most 1"),
    seed("    setpoint: 73\n", "    setpoint: 730\n", "functions.SIF-1.setpoint", "outside the range", "correct the setpoint"),
    seed("    events: fast_group\n", "", "functions.SIF-2.response_s", "cannot be told at a scan of 1 s", "events: fast_group", line="response_s: 4"),
    seed("points: [FA, FB, S2.TRIP, XV2.C]", "points: [FA, FB, S2.TRIP]", "functions.SIF-2.events", "XV2.C is in no fast group", "add XV2.C", line="events: fast_group"),
    seed("    events: fast_group\n", "    events: sis_buffer\n", "functions.SIF-2.events", "no source has an event buffer", "declare the event_buffer"),
    seed("    limits: {registers_per_read: 100}\n", "    event_buffer: {newest: 500, address: 502, records: 64, words: 8, sequence: {at: 0}, seconds: {at: 7, type: uint32}, code: {at: 5}, state: {at: 6}, resolution_s: 0.001, codes: [{code: 1, point: FA}]}\n", "sources.SIS.event_buffer.seconds", "reaches past the 8 registers", "correct at"),
    seed("    limits: {registers_per_read: 100}\n", "    event_buffer: {newest: 500, address: 502, records: 64, words: 8, sequence: {at: 0}, seconds: {at: 2, type: uint32}, code: {at: 5}, state: {at: 6}, resolution_s: 0.001, codes: [{code: 1, point: HB}]}\n", "sources.SIS.event_buffer.codes.0.point", "HB is not read from SIS", "points of this source"),
    seed("    limits: {registers_per_read: 100}\n", "    event_buffer: {newest: 500, address: 20, records: 64, words: 8, sequence: {at: 0}, seconds: {at: 2, type: uint32}, code: {at: 5}, state: {at: 6}, resolution_s: 0.001, codes: [{code: 1, point: FA}]}\n", "points.WD.modbus.address", "reads a register of the event buffer of SIS, at 20 to 531", "correct the address of the point", line="name: WD"),
    seed("points: [FA, FB, S2.TRIP, XV2.C]}]", "points: [FA, S2.TRIP, XV2.C]}, {name: other, period_s: 0.2, points: [FB]}]", "functions.SIF-2.inputs", "spread over the fast groups SIS/other, SIS/quick", "into one group", line="inputs:"),
    seed("points: [FA, FB, S2.TRIP, XV2.C]}]", "points: [FA, FB, S2.TRIP, XV2.C]}, {name: other, period_s: 0.5, points: [FB]}]", "sources.SIS.fast_groups.other.points.0", "in fast group quick already", "the faster group"),
    seed("bypass: TB.B}", "bypass: TA.B}", "functions.SIF-1.inputs.1.bypass", "in another channel", "of this channel"),
    seed("tripped: S1.TRIP", "tripped: WD", "functions.SIF-1.tripped", "no state point", "output bit"),
    seed("hazardous_values: [3]", "hazardous_values: [5]", "functions.SIF-1.hazardous_values.0", "no state 5", "0, 3"),
    seed("feedback: XV2.C, safe_value: 1", "feedback: XV2.C, safe_value: 2", "functions.SIF-2.elements.XV-2.safe_value", "outside the range", "in the safe state"),
    seed("    sensor_lag_s: 10\n", "    sensor_lag_s: 40\n", "functions.SIF-1.sensor_lag_s", "leaves nothing", "longer response"),
    seed("    rrf: 200\n", "    rrf: 20\n", "functions.SIF-1.rrf", "does not belong to SIL 2", "100 to 1000"),
    seed("proof_test_coverage: 0.9, mission_time_h: 87600", "proof_test_coverage: 0.9", "functions.SIF-1.reliability.sensors.proof_test_coverage", "without mission_time_h", "hours until"),
    seed("mission_time_h: 87600, basis", "mission_time_h: 87600, installed: 2025-03-01, last_test: 2025-02-01, basis", "functions.SIF-1.reliability.sensors.last_test", "before it was installed", "one of the two days"),
    seed("mission_time_h: 87600, basis", "mission_time_h: 87600, trip_coverage: 0.95, basis", "functions.SIF-1.reliability.sensors.trip_coverage", "a trip shows 0.95", "at most proof_test_coverage"),
    seed("{sensors: {lambda_du_per_h: 6.0e-7", "{logic: {lambda_du_per_h: 4.0e-6, proof_test_interval_h: 8760, basis: x}, elements: {lambda_du_per_h: 1.0e-6, proof_test_interval_h: 8760, basis: x}, sensors: {lambda_du_per_h: 6.0e-7", "functions.SIF-1.reliability", "more than 1/200", "test more often"),
    seed("[{point: FA}, {point: FB}]", "[{point: FA}, {point: TB}]", "functions.SIF-2.inputs.1.point", "does not convert", "measure the same"),
    # causes, effects, registers
    seed("preconditions: [{name: ups, title: *t, register_entry: UPS-1}]}", "preconditions: []}", "effects.stop-feed", "has no preconditions", "say what it needs"),
    seed("action: T, delay_s: 1}", "action: T}", "causes_and_effects.CE-2.cells.0.action", "delay_s 0", "T has a delay_s over 0"),
    seed("elements: [XV-1, XV-2], pre", "elements: [XV-2], pre", "causes_and_effects.CE-1.cells", "drives XV-1", "has XV-1", line="name: CE-1"),
    seed("function: SIF-2, bypass", "alarm: TI.H, bypass", "functions.SIF-2", "no row in causes_and_effects", "function: SIF-2", line="- name: SIF-2"),
    seed("- {name: CE-2, title: *t, function: SIF-2", "- {name: CE-4, title: *t, expression: '\"XA\"   < 0.5', bypass_allowed: false, cells: [{effect: stop-feed, action: I}]}\n  - {name: CE-2, title: *t, function: SIF-2", "causes_and_effects.CE-3.cells.0.action", "does A to stop-feed, and I at line 139", "remove the other", line="- {name: CE-3"),
    seed("reset_permit: '\"TI\" < 62'", "reset_permit: '\"TI\" + 62'", "causes_and_effects.CE-1.reset_permit", "a number stands where a condition must", "compare it"),
    seed("level_1: 5, level_2: 10", "level_1: 5, level_2: 12", "gas_detectors.G1.level_2", "GB/T 50493", "at most 10"),
    seed("design_max_t: 5, registered_max_t: 4", "design_max_t: 3, registered_max_t: 4", "inventories.I1.registered_max_t", "over the design", "correct one"),
    seed("registered_max_t: 4, points: [WI]", "registered_max_t: 4, points: [FW]", "inventories.I1.points.0", "does not convert to tonnes", "in kg or t"),
    seed("roles: [engineer]", "roles: [enginer]", "people.P-1.roles.0", "'engineer'", "one of the values"),
)  # fmt: skip
