import Kernel
import SQLStore
import Vault

extension VaultCore {
  /// One step of a rotation that was begun.
  ///
  /// - Returns: false when there is nothing to do, or the service is sealed.
  package func stepRotation() async throws -> Bool {
    guard !isSealed else { return false }
    let isMore = try await environment.store.write { sql in try self.hierarchy(sql).stepRotation() }
    try environment.reach(isMore ? .batchCommitted : .rotationCommitted)
    return isMore
  }

  /// What time brings, to be called about once a minute: yearly rotations begin, destructions come due.
  package func tick() async throws {
    guard !isSealed else { return }
    let now = environment.time.now()
    let labels = try await environment.store.write { sql in
      let hierarchy = try self.hierarchy(sql)
      let last = try self.setting("clock", sql).flatMap { Self.number($0) } ?? now.microseconds
      let seconds = (now.microseconds - last) / 1_000_000
      try self.set("clock", Array("\(now.microseconds)".utf8), sql)
      let destroyed = try hierarchy.count(seconds: seconds)
      let labels = try hierarchy.countKEKs(seconds: seconds)
      for (organisation, purpose) in try hierarchy.rotationsDue() {
        try hierarchy.beginRotation(organisation, purpose)
      }
      for key in destroyed {
        try AuditLog.append(
          AuditLog.Entry(
            at: now, caller: "keyservice", userID: 0, operation: "key.destroyed", subject: "key=\(key)",
            outcome: "done"),
          to: sql)
      }
      return labels
    }
    guard !labels.isEmpty else { return }
    try environment.reach(.destructionCommitted)
    // Only after the commit: a destruction that is not written down has not happened.
    try await environment.store.write { sql in
      let master = try self.hierarchy(sql).master
      for label in labels { try master.destroy(label) }
      try self.hierarchy(sql).destroyed(labels: labels)
    }
  }
}
