package import Kernel

/// One estate or community run as a whole (项目).
package struct Project: Sendable, Hashable {
  package let id: ID<Project>
  package let organisation: ID<Organisation>
  /// 1 to 64 characters, unique in the organisation.
  package internal(set) var name: String
  package let createdAt: Instant
  /// Counts the changes of this record; an ETag.
  package internal(set) var version: Int64

  /// Gives it another name.
  mutating func rename(to name: String) throws(EstateError) {
    self.name = try EstateName.check(name, "name")
    version += 1
  }
}
