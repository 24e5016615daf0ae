import Kernel
package import MerkleLog
import SQLStore

extension AuditLog {
  /// Walks over the whole stored log on one snapshot, and names whatever is not as it was written: entries, committed
  /// values, every hash of the tree, every checkpoint, and copies of checkpoints from elsewhere.
  ///
  /// What no checkpoint outside this store has seen can be cut off its end unnoticed: that is what copies are for.
  ///
  /// - Parameters:
  ///   - copies: checkpoints of this log that were kept elsewhere.
  ///   - damagedCopies: where a copy can no longer be read.
  /// - Throws: when the store cannot be read.
  package func check(
    copies: [SignedCheckpoint] = [], damagedCopies: [String] = []
  ) async throws(AuditError) -> AuditReport {
    let keys = keys
    return try await work.read(AuditError.self) { sql in
      var walk = AuditWalk(sql: sql, keys: keys, copies: copies)
      for place in damagedCopies { walk.found(.log, "the copy of a checkpoint in \(place) cannot be read") }
      return try walk.report()
    }
  }
}

/// One walk over the stored log, in the order of its entries.
struct AuditWalk {
  /// How many entries are held at once.
  private static let chunkMax = 1_000

  let sql: SQLConnection
  let keys: CheckpointKeys
  /// By size; several of one size may be there.
  private let copies: [Int: [Checkpoint]]
  private(set) var result = AuditReport()
  private var frontier = MerkleFrontier()
  private var end: (size: Int, sequence: Int64) = (0, 0)
  private var personalCount = 0
  private var nodesCount = 0
  private var origin = ""

  init(sql: SQLConnection, keys: CheckpointKeys, copies: [SignedCheckpoint]) {
    self.sql = sql
    self.keys = keys
    var bySize: [Int: [Checkpoint]] = [:]
    for copy in copies {
      let checkpoint = copy.checkpoint
      do {
        try copy.require(keys.verify)
        bySize[checkpoint.size, default: []].append(checkpoint)
      } catch {
        result.found(.copy(size: checkpoint.size), "is not signed by a key of this log")
      }
    }
    self.copies = bySize
    result.copiesCount = copies.count
  }

  mutating func found(_ subject: AuditFinding.Subject, _ problem: String) {
    result.found(subject, problem)
  }

  mutating func report() throws -> AuditReport {
    origin = try AuditLog.origin(sql) ?? ""
    end = try AuditNodes(sql: sql).end()
    try compareCheckpoints()
    var last: Int64 = .min
    while let next = try chunk(after: last) { last = next }
    try compareCounts()
    try compareRemainingCheckpoints()
    result.size = frontier.size
    return result
  }

  // MARK: Entries

  /// Walks over the next entries.
  ///
  /// - Returns: the number of the last one; nil when there was none.
  private mutating func chunk(after last: Int64) throws -> Int64? {
    let rows = try sql.rows(
      "SELECT * FROM audit_entry WHERE sequence > \(last) ORDER BY sequence LIMIT \(Self.chunkMax)")
    guard let end = try rows.last?.integer("sequence") else { return nil }
    let stored = try StoredTree(sql, leaves: frontier.size..<(frontier.size + rows.count), sequences: last..<end)
    let openings = try openings(after: last, through: end)
    for row in rows { try entry(row, stored, openings) }
    return end
  }

  private mutating func entry(
    _ row: SQLRow, _ stored: StoredTree, _ openings: [Int64: [AuditOpening]]
  ) throws {
    let number = try row.integer("sequence")
    let text = try row.text("body")
    result.entriesCount += 1
    if let body = try? AuditBody(text: text) {
      if let column = try Self.differing(row, body) {
        result.found(.entry(number), "its column \(column) is not what its hashed text says")
      }
      compare(openings[number] ?? [], number, body, organisation: try row.blob("organisation"))
    } else {
      result.found(.entry(number), "its text cannot be read")
    }
    guard number <= end.sequence else {
      result.waitingCount += 1
      return
    }
    guard let leaf = stored.leaf(of: number) else {
      result.found(.entry(number), "stands among hashed entries and is not in the tree")
      return
    }
    grow(leaf, computed: AuditHash.tree.leaf(Array(text.utf8)), number, stored)
  }

  /// The first column that says something else than the text; nil when none does.
  private static func differing(_ row: SQLRow, _ body: AuditBody) throws -> String? {
    let columns: [(String, SQLValue)] = [
      ("organisation", body.organisation.sqlValue), ("id", body.id.sqlValue),
      ("at", Instant(text: body.at)?.sqlValue ?? .null), ("principal", body.principal.sqlValue),
      ("verb", .text(body.verb.rawValue)), ("kind", .text(body.kind)), ("resource", .text(body.resource)),
      ("outcome", .text(body.outcome.rawValue)), ("words", .text(body.words)),
    ]
    return try columns.first { name, value in try !Self.isSame(row.value(name), value) }?.0
  }

  /// By bytes: two texts that only look the same are not.
  private static func isSame(_ left: SQLValue, _ right: SQLValue) -> Bool {
    if case (.text(let left), .text(let right)) = (left, right) { return Array(left.utf8) == Array(right.utf8) }
    return left == right
  }

  /// Adds an entry to the tree, and compares what it completes with what is stored.
  private mutating func grow(_ leaf: StoredTree.Leaf, computed: MerkleDigest, _ number: Int64, _ stored: StoredTree) {
    let place = frontier.size
    if leaf.leaf != place {
      result.found(.entry(number), "is at place \(leaf.leaf) of the tree, where place \(place) is its own")
    }
    var digest = computed
    if leaf.digest != computed {
      if let there = leaf.digest, stored.isConfirmed(place, there) {
        result.found(.entry(number), "its text is not the one that was hashed")
        // What was hashed is what the rest of the tree goes on from: only this entry is named.
        digest = there
      } else {
        result.found(.hash(level: 0, position: place), "is not the hash of entry \(number), or that entry was changed")
      }
    }
    for node in frontier.append(digest, hash: AuditHash.tree).dropFirst() {
      nodesCount += 1
      guard stored.digest(at: node.place) != node.digest else { continue }
      result.found(
        .hash(level: node.place.level, position: node.place.position),
        stored.digest(at: node.place) == nil ? "is missing" : "is not what the hashes below it give")
    }
    compareCheckpointsHere()
  }

  // MARK: Committed values

  private func openings(after first: Int64, through last: Int64) throws -> [Int64: [AuditOpening]] {
    var openings: [Int64: [AuditOpening]] = [:]
    try sql.each(
      """
      SELECT entry, organisation, field, subject, salt, value FROM audit_personal
      WHERE entry > \(first) AND entry <= \(last)
      """
    ) { row in
      openings[try row.integer("entry"), default: []].append(try AuditOpening(row))
    }
    return openings
  }

  private mutating func compare(
    _ openings: [AuditOpening], _ number: Int64, _ body: AuditBody, organisation: [UInt8]
  ) {
    personalCount += openings.count
    for opening in openings {
      if body.committed[opening.field] == opening.commitment.text {
        result.openedCount += 1
      } else {
        result.found(.entry(number), "its value \(opening.field) is not the one that it commits to")
      }
    }
    result.erasedCount += Set(body.committed.keys).subtracting(openings.map(\.field)).count
  }

  private mutating func compareCounts() throws {
    func count(_ from: SQL) throws -> Int { try sql.row("SELECT count(*) AS n FROM \(from)")?.int("n") ?? 0 }
    if try count("audit_personal") != personalCount { result.found(.log, "there are committed values of no entry") }
    let strangers = try count(
      "audit_personal p JOIN audit_entry e ON e.sequence = p.entry WHERE p.organisation <> e.organisation")
    if strangers > 0 { result.found(.log, "\(strangers) committed values are another organisation's than their entry") }
    if try count("audit_leaf") != frontier.size { result.found(.log, "the tree has leaves of entries that are gone") }
    if try count("audit_node") != nodesCount { result.found(.log, "the tree has hashes that belong to no entry") }
  }

  // MARK: Checkpoints

  private var checkpoints: [Int: Checkpoint] = [:]

  /// Reads all checkpoints, and looks at each by itself.
  private mutating func compareCheckpoints() throws {
    var found: [(size: Int, at: Instant, note: String)] = []
    try sql.each("SELECT size, made_at, note FROM audit_checkpoint ORDER BY size") { row in
      found.append((try row.int("size"), try row.instant("made_at"), try row.text("note")))
    }
    result.checkpointsCount = found.count
    result.sealedSize = found.last?.size ?? 0
    for (size, at, note) in found {
      guard let signed = try? SignedCheckpoint(text: note) else {
        result.found(.checkpoint(size: size), "its text cannot be read")
        continue
      }
      let checkpoint = signed.checkpoint
      if (try? signed.require(keys.verify)) == nil {
        result.found(.checkpoint(size: size), "is not signed by a key of this log")
      }
      if checkpoint.size != size || checkpoint.time != at.description {
        result.found(.checkpoint(size: size), "its columns are not what its signed text says")
      }
      if checkpoint.origin != origin { result.found(.checkpoint(size: size), "is another log's: \(checkpoint.origin)") }
      checkpoints[checkpoint.size] = checkpoint
    }
    for checkpoint in copies.values.joined() where checkpoint.origin != origin {
      result.found(.copy(size: checkpoint.size), "is another log's: \(checkpoint.origin)")
    }
  }

  /// Compares the tree, as it has grown until here, with what was signed at this size.
  private mutating func compareCheckpointsHere() {
    let size = frontier.size
    guard checkpoints[size] != nil || copies[size] != nil else { return }
    let root = frontier.root(hash: AuditHash.tree)
    if let checkpoint = checkpoints[size], checkpoint.root != root {
      result.found(.checkpoint(size: size), "its signed root is not the tree's")
    }
    for copy in copies[size] ?? [] where copy.root != root {
      let isFork = checkpoints[size].map { $0.root != copy.root } ?? false
      result.found(
        .copy(size: size),
        isFork ? "says another root than the stored one: two logs were shown (a fork)" : "its root is not the tree's")
    }
  }

  /// What was signed for more entries than there are now.
  private mutating func compareRemainingCheckpoints() throws {
    for size in checkpoints.keys.sorted() where size > frontier.size {
      result.found(.checkpoint(size: size), "there are only \(frontier.size) entries now: the log was cut")
    }
    for size in copies.keys.sorted() where size > frontier.size {
      result.found(.copy(size: size), "there are only \(frontier.size) entries now: the log was cut")
    }
  }
}
