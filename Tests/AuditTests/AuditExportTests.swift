import Audit
import Kernel
import MerkleLog
import TestSupport
import Testing

@Suite("A file taken out of the audit log")
struct AuditExportTests {
  private static func bench(
    _ count: Int = 9, first: Int = 0
  ) async throws -> (AuditBench, older: SignedCheckpoint) {
    let bench = try await AuditBench()
    try await bench.write(first..<(first + 4))
    try await bench.keeper.step(isLast: true)
    for number in 4..<count {
      try await bench.write("thing-\(number)", .act, reason: "为何 \(number)", .personal("phone", "138", of: "r-1"))
    }
    try await bench.keeper.step(isLast: true)
    return (bench, try #require(bench.place.checkpoints.first))
  }

  @Test("proves its entries, its signature and the growth since an older checkpoint, without the store")
  func proved() async throws {
    let (bench, older) = try await Self.bench()
    let text = try await bench.log.prove(AuditQuery(kind: "test.thing"), since: older, by: bench.person)
    let file = try AuditExportFile(text: text, keys: CheckpointKeys([bench.signer.key]))
    #expect(file.checkpoint.size == 9 && file.since?.size == 4 && file.signedBy == ["test"])
    #expect(file.lines.map(\.leaf) == Array(0..<9))
    #expect(file.lines[6].openings.map(\.field) == ["detail.phone", "from.address", "from.agent", "who.name", "why"])
    #expect(file.lines[6].body.resource == "thing-6")
    #expect(try AuditExportFile.keys(in: text) == [bench.signer.key.publicKey])
    let exported = try await bench.log.search(AuditQuery(kind: "audit"), by: bench.person)
    #expect(exported.items.count == 1, "taking it out is itself in the log")
  }

  @Test("fails when any byte of it is changed")
  func changed() async throws {
    let (bench, older) = try await Self.bench(6)
    let text = try await bench.log.prove(AuditQuery(resource: "thing-4"), since: older, by: bench.person)
    let keys = CheckpointKeys([bench.signer.key])
    let bytes = Array(text.utf8)
    let keyLine = try #require(text.firstRange(of: "key ")).lowerBound
    let keyEnd = try #require(text.firstRange(of: "\ncheckpoint ")).lowerBound
    func offset(_ index: String.Index) -> Int { text.utf8.distance(from: text.startIndex, to: index) }
    let key = offset(keyLine)..<offset(keyEnd)
    for offset in stride(from: 0, to: bytes.count, by: 7) where !key.contains(offset) {
      var other = bytes
      other[offset] ^= 1
      let changed = String(decoding: other, as: UTF8.self)
      #expect(throws: (any Error).self, "byte \(offset)") { try AuditExportFile(text: changed, keys: keys) }
    }
  }

  @Test("is not believed by another key, nor with a value that was not committed to")
  func forged() async throws {
    let (bench, older) = try await Self.bench()
    let text = try await bench.log.prove(AuditQuery(resource: "thing-5"), since: older, by: bench.person)
    #expect(throws: MerkleError.signature) {
      try AuditExportFile(text: text, keys: CheckpointKeys([TestSigner(seed: 2).key]))
    }
    let export = try MerkleExport(text: text)
    let entry = try #require(export.entries.first)
    let forged = entry.attachments.map { Array(String(decoding: $0, as: UTF8.self).replacing("138", with: "139").utf8) }
    let other = MerkleExport(
      hashName: export.hashName, checkpoint: export.checkpoint, growth: export.growth,
      entries: [.init(leaf: entry.leaf, bytes: entry.bytes, path: entry.path, attachments: forged)])
    #expect(throws: AuditFileError.notCommitted(leaf: 5)) {
      try AuditExportFile(text: other.text, keys: CheckpointKeys([bench.signer.key]))
    }
  }

  @Test("of a log that was rewritten does not fit the checkpoint that the auditor kept")
  func rewritten() async throws {
    let (bench, _) = try await Self.bench()
    let (other, kept) = try await Self.bench(5, first: 1)
    let text = try await bench.log.prove(AuditQuery(resource: "thing-5"), since: kept, of: bench.fresh.organisation)
    #expect(throws: MerkleError.notConsistent) {
      try AuditExportFile(text: text, keys: CheckpointKeys([other.signer.key]))
    }
    let longer = try #require(bench.place.checkpoints.last)
    await #expect(throws: AuditError.self) {
      try await other.log.prove(AuditQuery(), since: longer, of: other.fresh.organisation)
    }
  }

  @Test("keeps its proofs when what is personal was erased, and so does the log", arguments: Backend.allCases)
  func erased(_ backend: Backend) async throws {
    let bench = try await AuditBench(backend)
    try await bench.write("a", .act, reason: "告知", .personal("name", "李明", of: "resident-1"))
    try await bench.write("b", .act, .personal("name", "赵强", of: "resident-2"))
    try await bench.keeper.step()
    let before = try await bench.log.check(copies: bench.place.checkpoints)
    let person = bench.person
    let count = try await bench.fresh.work.run(AuditError.self) { unit in
      let organisation = person.organisation
      try unit.eraseInAudit(entry: 1, field: "why", organisation: organisation)
      return try unit.eraseInAudit(subject: "resident-1", organisation: organisation)
    }
    #expect(count == 1)
    let entry = try await bench.log.entry(1, by: person)
    #expect(entry.entry.field("detail.name") == .erased && entry.entry.field("why") == .erased)
    #expect(entry.entry.field("who.name") == .known("王芳"))
    guard case .proved = entry.state else {
      Issue.record("no longer proved")
      return
    }
    let after = try await bench.log.check(copies: bench.place.checkpoints)
    #expect(after.isWhole && after.erasedCount == before.erasedCount + 2)
    let text = try await bench.log.prove(AuditQuery(resource: "a"), by: person)
    let line = try #require(try AuditExportFile(text: text, keys: CheckpointKeys([bench.signer.key])).lines.first)
    #expect(line.closed == ["detail.name", "why"])
    #expect(try await bench.log.search(AuditQuery(text: "李明"), by: person).items.isEmpty)
    #expect(try await bench.log.search(AuditQuery(text: "赵强"), by: person).items.count == 1)
  }

  @Test("tells nothing of an erased value: the same value has another commitment each time")
  func salted() async throws {
    let bench = try await AuditBench()
    try await bench.write("a")
    try await bench.write("a")
    let entries = try await bench.log.search(AuditQuery(), by: bench.person).items
    #expect(Set(entries.compactMap { $0.body.committed["who.name"] }).count == 2)
    #expect(Set(entries.flatMap { $0.openings.map(\.salt) }).count == 6)
    #expect(entries.flatMap { $0.openings.map(\.salt.count) } == [Int](repeating: Commitment.saltByteCount, count: 6))
  }

  @Test("waits for a checkpoint that holds its entries")
  func notSealed() async throws {
    let bench = try await AuditBench()
    try await bench.write("a")
    await #expect(throws: AuditError.notSealedYet) {
      try await bench.log.prove(AuditQuery(), of: bench.fresh.organisation)
    }
  }
}

@Suite("The hash of the audit log")
struct AuditHashTests {
  @Test("is SM3")
  func sm3() throws {
    // The root of an empty tree is the hash of nothing.
    #expect(AuditHash.tree.empty.description == "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b")
    #expect(AuditHash.tree.name == "SM3")
  }
}
