package import Audit
package import Foundation
import Kernel
import Logging
package import MerkleLog
import SQLStore

/// The audit log as the operator's own commands see it: the stored log, without the server and without permissions;
/// whoever may read the files may read it.
package struct AuditDesk: Sendable {
  package let log: AuditLog
  private let store: SQLStore
  private let folder: URL

  /// The folder of copies that every server keeps in its data folder.
  package static let copiesName = "audit"

  /// Opens the store of a server that may be running.
  ///
  /// - Parameter keys: whose checkpoints are believed; nil for the key that lies in the data folder.
  /// - Throws: `AuditDeskError`, or what the store says.
  package init(_ configuration: ServerConfiguration, keys: CheckpointKeys? = nil) async throws {
    folder = configuration.dataFolder
    if let postgres = configuration.postgres {
      store = try await SQLStore.postgres(postgres, connectionsMax: 1)
    } else {
      let file = folder.appendingPathComponent("anju.db")
      guard FileManager.default.fileExists(atPath: file.path) else { throw AuditDeskError.storeMissing(file.path) }
      store = try SQLStore.sqlite(path: file.path)
    }
    let work = Work(
      store: store, time: SystemSources.time, ids: SystemSources.ids,
      logger: Logger(label: "anju.audit") { _ in SwiftLogNoOpLogHandler() })
    log = AuditLog(work: work, keys: try keys ?? AuditKeyFile(in: folder).keys())
  }

  package func close() async { await store.close() }

  /// Walks over the whole stored log.
  ///
  /// - Parameter folders: where copies of the checkpoints are kept, besides the data folder.
  package func check(copies folders: [URL]) async throws -> AuditReport {
    var copies: [SignedCheckpoint] = []
    var damaged: [String] = []
    let own = folder.appendingPathComponent(Self.copiesName)
    let all = folders + (FileManager.default.fileExists(atPath: own.path) ? [own] : [])
    for folder in all {
      let found = try FolderPlace.copies(in: folder)
      copies += found.checkpoints
      damaged += found.damaged.map { "\(folder.path)/\($0)" }
    }
    return try await log.check(copies: copies, damagedCopies: damaged)
  }

  /// A checkpoint in a file: its own text, an exported file with it, or a month's copies, whose last it is.
  ///
  /// - Throws: `AuditDeskError.checkpointUnreadable`.
  package static func checkpoint(in file: URL) throws -> SignedCheckpoint {
    guard let data = try? Data(contentsOf: file), data.count <= MerkleExport.byteCountMax,
      let text = String(data: data, encoding: .utf8)
    else { throw AuditDeskError.checkpointUnreadable(file.path) }
    if let checkpoint = try? SignedCheckpoint(text: text) { return checkpoint }
    if let export = try? MerkleExport(text: text) { return export.checkpoint }
    if let last = text.split(separator: "\n").last, let line = Data(base64Encoded: String(last)),
      let note = String(data: line, encoding: .utf8), let checkpoint = try? SignedCheckpoint(text: note)
    { return checkpoint }
    throw AuditDeskError.checkpointUnreadable(file.path)
  }

  /// Reads and proves an exported file.
  ///
  /// - Parameter keyFile: the keys to believe; nil for those in the file itself.
  package static func verify(_ file: URL, keyFile: URL?) throws -> (AuditExportFile, CheckpointKeys) {
    guard let data = try? Data(contentsOf: file), data.count <= MerkleExport.byteCountMax else {
      throw AuditDeskError.fileUnreadable(file.path)
    }
    guard let text = String(data: data, encoding: .utf8) else { throw AuditDeskError.fileUnreadable(file.path) }
    let keys: CheckpointKeys
    if let keyFile {
      keys = try AuditKeyFile.keys(in: keyFile)
    } else {
      keys = CheckpointKeys(try AuditExportFile.keys(in: text).compactMap { bytes in
        AuditKeyFile.key(name: AuditKeyFile.name, publicKey: bytes)
      })
    }
    return (try AuditExportFile(text: text, keys: keys), keys)
  }
}

/// Why a command on the audit log could not do it.
package enum AuditDeskError: Error, Sendable, Hashable, CustomStringConvertible {
  case storeMissing(String)
  case fileUnreadable(String)
  case checkpointUnreadable(String)

  package var description: String {
    switch self {
    case .storeMissing(let path): "there is no store at \(path); name the data folder with --data"
    case .fileUnreadable(let path): "\(path) cannot be read, or is larger than 64 MiB"
    case .checkpointUnreadable(let path): "\(path) holds no checkpoint"
    }
  }
}
