public import Guomi
public import KeyLadder
public import SecureElement

/// A factory's station (发行工位), which brings devices their keys: over the network one after the other, or out of a
/// file that the platform made for it.
///
/// ```swift
/// let station = ProvisioningStation(name: "ST-1", signing: signing, decryption: decryption, random: random)
/// let check = try await station.provision(device, "LK-0803", lot: lot, platform: platformKey) { message, signature in
///   try await platform.send(message, signature)
/// }
/// ```
/// - Source: clauses 9.4 d and 9.2.2 b.
public struct ProvisioningStation: Sendable {
  /// As the platform knows it.
  public let name: String
  private let signing: SM2.SigningKey
  private let decryption: SM2.DecryptionKey
  private let random: RandomSource

  /// - Parameters:
  ///   - signing, decryption: whose public halves the platform has registered; they belong into the station's own
  ///     secure element.
  public init(name: String, signing: SM2.SigningKey, decryption: SM2.DecryptionKey, random: RandomSource) {
    self.name = name
    self.signing = signing
    self.decryption = decryption
    self.random = random
  }

  /// What the platform registers: points, x963.
  public var verifyingKey: [UInt8] { signing.verifyingKey.point.x963 }
  public var encryptionKey: [UInt8] { decryption.encryptionKey.point.x963 }

  /// Gives one device its key: the request comes from what holds the device's keys, the station signs that it counts in
  /// the lot, the answer goes back in. The station sees no key.
  ///
  /// - Parameters:
  ///   - lot: its id, 16 bytes.
  ///   - platform: the platform's key, which the device trusts from now on.
  ///   - send: brings request and signature to the platform and gives its answer.
  /// - Returns: the check value.
  /// - Throws: `SecureElementError`, what `send` throws.
  public func provision(
    _ keys: any DeviceKeys, device: String, lot: [UInt8], platform: SM2.VerifyingKey,
    send: (_ request: [UInt8], _ signature: [UInt8]) async throws -> [UInt8]
  ) async throws -> [UInt8] {
    do throws(SecureElementError) {
      try await keys.trust(platform: platform.point.x963)
    } catch .sequence {
      // It trusts somebody already: an answer of anybody else's will not open.
    }
    let request = try await keys.provisioningRequest(device: Array(device.utf8))
    let statement = ProvisioningRequest.endorsement(lot: lot, request: request)
    return try await keys.provision(try await send(request, signing.sign(statement, random: random).raw))
  }

  /// Opens a file of keys that the platform made for this station.
  ///
  /// - Parameter now: seconds since 1970 UTC.
  /// - Throws: `.malformed`, `.notAuthentic`, `.id` for another station's file, `.epoch` outside its time.
  public func open(
    _ file: [UInt8], now: UInt64, platform: SM2.VerifyingKey
  ) throws(KeyLadderError) -> [ProvisioningBatch.Entry] {
    try ProvisioningBatch.open(file, station: Array(name.utf8), now: now, platform: platform) {
      try decryption.decrypt($0)
    }.entries
  }
}
