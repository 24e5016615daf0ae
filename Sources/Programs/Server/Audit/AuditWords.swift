package import Audit
import Foundation
import Kernel
import MerkleLog

/// What the commands on the audit log say, in plain words.
package enum AuditWords {
  /// One line a found entry.
  package static func line(_ entry: AuditEntry) -> String {
    let body = entry.body
    let name = text(entry.field("who.name"), none: "(no name)")
    var parts = ["\(entry.number)", body.at, body.outcome.rawValue]
    parts.append("\(name) (\(body.principalKind.rawValue) \(body.principal))")
    parts.append(did(body))
    if entry.field("from.address") != .none { parts.append("from \(text(entry.field("from.address"), none: ""))") }
    if entry.field("why") != .none { parts.append("because: \(text(entry.field("why"), none: ""))") }
    return parts.map(printable).joined(separator: "  ")
  }

  private static func did(_ body: AuditBody) -> String {
    let details = body.details.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
    return "\(body.verb.rawValue) \(body.kind) \(body.resource)" + (details.isEmpty ? "" : " [\(details)]")
  }

  private static func text(_ field: AuditEntry.Field, none: String) -> String {
    switch field {
    case .known(let value): value
    case .erased: "(erased)"
    case .none: none
    }
  }

  /// What came from outside must not move a terminal's cursor.
  static func printable(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { scalar in
      let isControl = scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format
      return isControl ? "\u{fffd}" : scalar
    }))
  }

  // MARK: Verifying

  /// What a proved file proves.
  ///
  /// - Parameter isOwnKey: whether the key is only the one that the file names for itself.
  package static func proved(_ file: AuditExportFile, _ keys: CheckpointKeys, isOwnKey: Bool) -> String {
    let checkpoint = file.checkpoint
    var lines = [
      "Proved.",
      "The log \(printable(checkpoint.origin)) had \(checkpoint.size) entries at \(printable(checkpoint.time)),",
      "and the root \(checkpoint.root).",
      "Signed by \(file.signedBy.joined(separator: ", ")).",
    ]
    lines += keys.keys.map { "The key \($0.name) has the fingerprint (SM3) \($0.fingerprint)." }
    if isOwnKey {
      lines.append(
        "The key was taken from the file itself: the proof is worth no more than your comparison of its fingerprint "
          + "with one that you got another way (--key FILE).")
    }
    if let since = file.since {
      lines.append(
        "The log only grew since the checkpoint of \(since.size) entries at \(printable(since.time)): none of those "
          + "was changed, removed, moved or put in between.")
    }
    lines.append(
      file.lines.isEmpty
        ? "The file holds no entry."
        : "\(file.lines.count) entries are in that log at these places, with exactly these contents:")
    lines += file.lines.map(line)
    return lines.joined(separator: "\n")
  }

  private static func line(_ line: AuditExportFile.Line) -> String {
    let body = line.body
    let opened = line.openings.map { "\($0.field): \($0.value)" } + line.closed.map { "\($0): (erased)" }
    return printable(
      "  place \(line.leaf)  \(body.at)  \(body.outcome.rawValue)  \(body.principalKind.rawValue) \(body.principal)  "
        + did(body) + (opened.isEmpty ? "" : "  {\(opened.joined(separator: "; "))}"))
  }

  /// Why a file is not proved.
  package static func notProved(_ error: any Error) -> String {
    let why =
      switch error {
      case MerkleError.malformed(let what): "it is not of the form that it must have (\(what))"
      case MerkleError.tooLarge(let what): "it is larger than it may be (\(what))"
      case MerkleError.notIncluded(let leaf): "the entry at place \(leaf) is not the one that was signed"
      case MerkleError.notConsistent: "the older checkpoint is not a beginning of this log: the log was rewritten"
      case MerkleError.signature: "the checkpoint is not signed by the key, or was changed after it was signed"
      case AuditFileError.unreadable(let leaf): "the entry at place \(leaf) is no entry of an audit log"
      case AuditFileError.notCommitted(let leaf):
        "a value of the entry at place \(leaf) is not the one that was written"
      default: "\(error)"
      }
    return "Not proved: \(why)."
  }

  // MARK: Checking

  /// What a walk over the stored log found.
  package static func report(_ report: AuditReport) -> String {
    var lines = report.findings.map { "DAMAGED  \(printable($0.description))" }
    if report.findingsCount > report.findings.count {
      lines.append("… and \(report.findingsCount - report.findings.count) more")
    }
    lines.append(
      "\(report.entriesCount) entries, \(report.size) of them in the tree, \(report.sealedSize) under a signed "
        + "checkpoint; \(report.checkpointsCount) checkpoints, \(report.copiesCount) copies of them; "
        + "\(report.openedCount) committed values checked, \(report.erasedCount) erased.")
    if report.copiesCount == 0 {
      lines.append(
        "No copies of checkpoints were looked at: that entries were cut off the end could not be found (--copies).")
    }
    lines.append(report.isWhole ? "Everything is as it was written." : "\(report.findingsCount) things were changed.")
    return lines.joined(separator: "\n")
  }
}
