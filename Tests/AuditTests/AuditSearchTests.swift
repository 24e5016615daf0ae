import Audit
import Kernel
import TestSupport
import Testing

@Suite("The audit log is searched", .clause("6.8.2g"))
struct AuditSearchTests {
  @Test("by principal, resource, kind, verb, outcome, time and text", arguments: Backend.allCases)
  func search(_ backend: Backend) async throws {
    let bench = try await AuditBench(backend)
    let other = Principal(
      id: bench.fresh.work.ids.next(), kind: .system, organisation: bench.fresh.organisation, name: "Meter_reader",
      permissions: [])
    let start = bench.fresh.clock.now
    try await bench.write("room-1", .create, .plain("name", "2 号楼 1203"))
    bench.fresh.clock.advance(by: .seconds(60))
    try await bench.write("room-1", .update, by: other)
    bench.fresh.clock.advance(by: .seconds(60))
    try await bench.log.note(
      AuditEvent(.act, "alarm", "alarm-9", by: bench.person, outcome: .refused, reason: "100% 误报"))
    func found(_ query: AuditQuery) async throws -> [String] {
      try await bench.log.search(query, by: bench.person).items.map { "\($0.body.verb) \($0.body.resource)" }
    }
    #expect(try await found(AuditQuery()) == ["act alarm-9", "update room-1", "create room-1"])
    #expect(try await found(AuditQuery(principal: other.id)) == ["update room-1"])
    #expect(try await found(AuditQuery(verbs: [.create, .act])) == ["act alarm-9", "create room-1"])
    #expect(try await found(AuditQuery(outcomes: [.refused])) == ["act alarm-9"])
    #expect(try await found(AuditQuery(kind: "alarm")) == ["act alarm-9"])
    #expect(try await found(AuditQuery(kind: "test.")) == ["update room-1", "create room-1"])
    #expect(try await found(AuditQuery(resource: "room-1")) == ["update room-1", "create room-1"])
    #expect(try await found(AuditQuery(from: start.advanced(by: .seconds(60)))) == ["act alarm-9", "update room-1"])
    #expect(try await found(AuditQuery(to: start.advanced(by: .seconds(60)))) == ["create room-1"])
    #expect(try await found(AuditQuery(text: "号楼 12")) == ["create room-1"])
    #expect(try await found(AuditQuery(text: "meter_READER")) == ["update room-1"])
    #expect(try await found(AuditQuery(text: "100%")) == ["act alarm-9"])
    #expect(try await found(AuditQuery(text: "10%误")) == [])
    #expect(try await found(AuditQuery(text: "principal")) == [], "the text's own words are not searched")
  }

  @Test("a page at a time, by a cursor that stays right while entries are added", arguments: Backend.allCases)
  func paged(_ backend: Backend) async throws {
    let bench = try await AuditBench(backend)
    try await bench.writeMany(0..<25)
    var query = AuditQuery(page: PageRequest(limit: 10))
    var found: [String] = []
    for _ in 0..<3 {
      let page = try await bench.log.search(query, by: bench.person)
      found += page.items.map(\.body.resource)
      try await bench.write("late")
      guard let next = page.next else { break }
      query.page = PageRequest(cursor: next, limit: 10)
    }
    #expect(found == (0..<25).reversed().map { "thing-\($0)" })
    query.page = PageRequest(cursor: "x")
    await #expect(throws: AuditError.cursorInvalid) { try await bench.log.search(query, by: bench.person) }
  }

  @Test("in one's own organisation only, and with the permission only")
  func confined() async throws {
    let bench = try await AuditBench()
    try await bench.write("mine")
    let stranger = Principal(
      id: bench.fresh.work.ids.next(), kind: .person, organisation: bench.fresh.work.ids.next(), name: "Stranger",
      permissions: Set(Permission.allCases))
    #expect(try await bench.log.search(AuditQuery(), by: stranger).items.isEmpty)
    await #expect(throws: AuditError.entryUnknown) { try await bench.log.entry(1, by: stranger) }
    let nobody = bench.fresh.principal([.auditExport])
    await #expect(throws: AuditError.denied(Denied(permission: .auditRead))) {
      try await bench.log.search(AuditQuery(), by: nobody)
    }
    await #expect(throws: AuditError.denied(Denied(permission: .auditRead))) {
      try await bench.log.entry(1, by: nobody)
    }
    let stale = Principal(
      id: bench.fresh.work.ids.next(), kind: .person, organisation: bench.fresh.organisation, name: "Stale",
      permissions: Set(Permission.allCases), assurance: .password(hasSecondFactor: true))
    await #expect(throws: AuditError.self) { try await bench.log.table(AuditQuery(), by: stale) }
    await #expect(throws: AuditError.self) { try await bench.log.prove(AuditQuery(), by: stale) }
  }

  @Test("and taken out as a table that no spreadsheet runs")
  func table() async throws {
    let bench = try await AuditBench()
    try await bench.write("1", .act, reason: "=1+2,\"x\"", .plain("note", "+cmd"), .personal("name", "-李", of: "r"))
    try await bench.fresh.work.run(AuditError.self) { unit in
      try unit.eraseInAudit(entry: 1, field: "from.agent", organisation: bench.fresh.organisation)
    }
    let table = try await bench.log.table(AuditQuery(), by: bench.person)
    let lines = table.split(separator: "\r\n")
    #expect(lines.count == 3, "the head, the export itself, the entry")
    #expect(lines[1].contains(",act,audit,export,"))
    #expect(lines[2].contains(",192.0.2.7,(erased),\"'=1+2,\"\"x\"\"\",note: +cmd; name: -李,"))
  }
}
