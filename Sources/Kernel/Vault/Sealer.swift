import Guomi
package import Kernel
import Synchronization

/// Seals values with a data key that is at hand: without waiting, so within a transaction too. Good for so many values;
/// then another one is to be asked for.
package final class Sealer<Class: SealClass>: Sendable {
  package let organisation: ID<Organisation>
  /// The most bytes of one value.
  package static var valueBytesMax: Int { 1 << 20 }

  private let material: DataKeyMaterial
  private let random: RandomSource
  private let left: Atomic<Int>

  init(organisation: ID<Organisation>, material: DataKeyMaterial, random: RandomSource, count: Int) {
    self.organisation = organisation
    self.material = material
    self.random = random
    left = Atomic(count)
  }

  /// Seals a value for one place.
  ///
  /// - Parameter record: of the person it belongs to, so that erasing the person erases it; nil for a value that is
  ///   nobody's.
  /// - Throws: `.tooLarge`, `.busy` when the sealer is used up, `.refused` when the random generator is out of order.
  package func seal<Value: Sealable>(
    _ value: Value, at place: SealedPlace, record: RecordKey? = nil
  ) throws(VaultError) -> Sealed<Value, Class> {
    guard place.organisation == organisation else {
      throw .refused(code: "vault.otherOrganisation", detail: "The key is another organisation's.")
    }
    guard place.row.count <= 255, place.table.utf8.count <= 64, place.column.utf8.count <= 64 else {
      throw .tooLarge(bytes: place.row.count, max: 255)
    }
    guard left.subtract(1, ordering: .relaxed).oldValue > 0 else { throw .busy }
    let fresh: [UInt8]
    do { fresh = try random.bytes(SealedLayout.saltBytes + SealedLayout.nonceBytes) } catch {
      throw .refused(code: "vault.random", detail: "The random generator is out of order.")
    }
    let stored = try value.withSealableBytes { bytes throws(VaultError) in
      guard bytes.count <= Self.valueBytesMax else {
        throw VaultError.tooLarge(bytes: bytes.count, max: Self.valueBytesMax)
      }
      return try material.seal(bytes, at: place, recordSalt: record?.salt, fresh: fresh)
    }
    return Sealed(made: stored)
  }
}
