import Crypto
package import Foundation
package import Guomi
package import Kernel
package import PKCS11
package import SQLStore
import Synchronization
package import Vault
import WireFormats

/// The key service itself, without its socket: calls in, answers out, each in one transaction of its store together
/// with its entry in the log.
package final class VaultCore: Sendable {
  /// What it works with.
  package struct Environment: Sendable {
    package var store: SQLStore
    package var module: PKCS11Module
    package var time: Timekeeper
    package var ids: IDSource
    package var random: RandomSource
    /// Where backups are written and read; mode 0700.
    package var backupFolder: URL
    /// Called between effects; a test throws or ends the process there.
    package var reach: @Sendable (FaultPoint) throws -> Void = { _ in }

    package init(
      store: SQLStore, module: PKCS11Module, time: Timekeeper, ids: IDSource, random: RandomSource, backupFolder: URL
    ) {
      self.store = store
      self.module = module
      self.time = time
      self.ids = ids
      self.random = random
      self.backupFolder = backupFolder
    }
  }

  /// Who calls, as far as the connection knows.
  package struct Caller: Sendable, Hashable {
    package var name: String
    package var role: VaultRole
    package var userID: UInt32

    package init(name: String, role: VaultRole, userID: UInt32) {
      self.name = name
      self.role = role
      self.userID = userID
    }
  }

  let environment: Environment
  let memory = KeyMemory()
  let state = Mutex(State())

  struct State {
    var master: MasterKeys?
    var unsealShares: [UInt8: Shamir.Share] = [:]
    var restoreShares: [UInt8: Shamir.Share] = [:]
  }

  package init(_ environment: Environment) {
    self.environment = environment
  }

  package var isSealed: Bool { state.withLock { $0.master == nil } }

  /// Answers calls, all in one transaction: one commit for many. When it cannot be committed all are refused.
  ///
  /// - Parameter calls: 1 to 64.
  package func answer(_ calls: [(frame: VaultFrame, caller: Caller)]) async -> [VaultFrame] {
    do {
      return try await environment.store.write { sql in
        try calls.map { try self.answer($0.frame, from: $0.caller, sql) }
      }
    } catch {
      let refusal = VaultFrame.refusal(Self.error(error))
      return calls.map { _ in refusal }
    }
  }

  /// Answers one call.
  package func answer(_ frame: VaultFrame, from caller: Caller) async -> VaultFrame {
    await answer([(frame, caller)]).first ?? .refusal(.busy)
  }

  private func answer(_ frame: VaultFrame, from caller: Caller, _ sql: SQLConnection) throws -> VaultFrame {
    let word = frame.body["op"]?.string ?? ""
    let operation = VaultOperation(rawValue: word)
    var (answer, outcome): (VaultFrame, String)
    do {
      guard let operation else { throw VaultError.refused(code: "vault.operation", detail: "There is no such call.") }
      guard operation.role == .anybody || operation.role == caller.role else {
        throw VaultError.refused(code: "vault.role", detail: "This caller may not do that.")
      }
      answer = try sql.savepoint { try perform(operation, VaultArguments(frame), caller, sql) }
      outcome = answer.body["error"]?.string ?? "done"
    } catch let error as SQLError {
      switch error {
      // What cannot be written is refused as a whole, the log's entry with it.
      case .full, .readOnly, .io, .busy, .closed, .cancelled: throw error
      default: throw VaultError.refused(code: "vault.store", detail: "The store refused it.")
      }
    } catch let error as VaultError {
      (answer, outcome) = (.refusal(error), error.code)
    }
    // A status is asked for often, and says nothing that is secret.
    if operation == .status { return answer }
    try AuditLog.append(
      AuditLog.Entry(
        at: environment.time.now(), caller: caller.name, userID: caller.userID,
        operation: operation?.rawValue ?? "unknown", subject: VaultArguments(frame).subject, outcome: outcome),
      to: sql)
    return answer
  }

  static func error(_ error: any Error) -> VaultError {
    switch error {
    case let error as VaultError: error
    case let error as SQLError:
      switch error {
      case .full, .readOnly, .io: .storeFull
      default: .busy
      }
    default: .refused(code: "vault.broken", detail: "The key service failed within.")
    }
  }

  /// The keys within a transaction.
  ///
  /// - Throws: `.sealed`.
  func hierarchy(_ sql: SQLConnection) throws(VaultError) -> Hierarchy {
    guard let master = state.withLock({ $0.master }) else { throw .sealed }
    return Hierarchy(
      sql: sql, now: environment.time.now(), master: master, memory: memory, random: environment.random,
      ids: environment.ids, reach: environment.reach)
  }

  /// Forgets everything: the token's login, and every key in memory.
  package func seal() {
    let master = state.withLock { state in
      defer { state = State() }
      return state.master
    }
    master?.token.close()
    memory.forgetAll()
  }
}

extension VaultCore {
  /// Closes the store; calls after it are refused.
  package func close() async {
    await environment.store.close()
  }
}
