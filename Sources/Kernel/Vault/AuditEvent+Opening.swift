package import Audit
import Kernel

extension AuditEvent {
  /// An opening of a sealed value: who, which one, why and how it went; never the value.
  package init(_ opening: SealedOpening) {
    var details: [AuditDetail] = [.plain("column", opening.place.column), .plain("key", "\(opening.key)")]
    if let failure = opening.failure { details.append(.plain("failure", failure)) }
    self.init(
      .read, "sealed.\(opening.place.table)", opening.place.rowText, by: opening.access.principal,
      organisation: opening.place.organisation, outcome: opening.failure == nil ? .done : .failed,
      reason: opening.access.reason, details: details)
  }
}

extension SealedPlace {
  /// The row as people name it: an id's text, so that a person finds the openings of what is theirs; a readable key as
  /// it is; anything else in hexadecimal digits.
  var rowText: String {
    if let id = ID<DataKey>(bytes: row) { return id.description }
    if !row.isEmpty, row.allSatisfy({ (33...126).contains($0) }) {
      return String(decoding: row.prefix(AuditEvent.nameCharactersMax), as: UTF8.self)
    }
    return row.isEmpty ? "-" : String(row.hexadecimal.prefix(AuditEvent.nameCharactersMax))
  }
}
