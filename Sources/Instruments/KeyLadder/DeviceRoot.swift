public import Guomi

/// The root keys of one version, and the platform's key that signs what is made of them: what a key service holds
/// opened. Nothing that it gives shows a root key or a device key to anybody but the device, or its station.
public struct DeviceRoot: Sendable {
  public let version: UInt32
  private let withElement: SecretBytes
  private let withoutElement: SecretBytes
  private let signing: SM2.SigningKey
  private let random: RandomSource

  /// - Parameters:
  ///   - withElement, withoutElement: 32 bytes each, two different keys: for devices with and without a secure element.
  /// - Throws: `.length`, also when the two are one.
  public init(
    version: UInt32, withElement: SecretBytes, withoutElement: SecretBytes, signing: SM2.SigningKey,
    random: RandomSource
  ) throws(KeyLadderError) {
    guard withElement.count == KeyLadder.keyByteCount, withoutElement.count == KeyLadder.keyByteCount,
      withElement != withoutElement
    else { throw .length }
    self.version = version
    self.withElement = withElement
    self.withoutElement = withoutElement
    self.signing = signing
    self.random = random
  }

  /// By which devices know the platform.
  public var platformKey: SM2.VerifyingKey { signing.verifyingKey }

  /// Signs for the platform; r ‖ s.
  ///
  /// - Throws: `.random`.
  public func sign(_ statement: [UInt8]) throws(KeyLadderError) -> [UInt8] {
    do { return try signing.sign(statement, random: random).raw } catch { throw .random }
  }

  private func deviceKey(_ holder: KeyLadder.Holder, _ random: [UInt8]) throws(KeyLadderError) -> SecretBytes {
    try KeyLadder.deviceKey(
      root: holder.element == nil ? withoutElement : withElement, holder: holder, random: random)
  }

  /// The answer to a device's request, and the check value that the platform keeps.
  public func answer(
    _ request: ProvisioningRequest
  ) throws(KeyLadderError) -> (answer: ProvisioningAnswer, checkValue: [UInt8]) {
    let key = try deviceKey(request.holder, request.random)
    let answer = try ProvisioningAnswer(request, key: key, rootVersion: version, random: random) {
      try signing.sign($0, random: random).raw
    }
    return (answer, KeyLadder.checkValue(key))
  }

  /// A file of keys for one station, and the check values in the order of the devices.
  public func file(
    _ devices: [(holder: KeyLadder.Holder, random: [UInt8])], lot: [UInt8], station: [UInt8],
    encryptionKey: SM2.EncryptionKey, validity: Range<UInt64>
  ) throws(KeyLadderError) -> (file: [UInt8], checkValues: [[UInt8]]) {
    var entries: [ProvisioningBatch.Entry] = []
    for (holder, random) in devices {
      entries.append(
        try ProvisioningBatch.Entry(holder: holder, random: random, key: deviceKey(holder, random)))
    }
    let head = try ProvisioningBatch.Head(id: lot, station: station, validity: validity, rootVersion: version)
    let file = try ProvisioningBatch.seal(entries, head: head, station: encryptionKey, random: random) {
      try signing.sign($0, random: random).raw
    }
    return (file, entries.map { KeyLadder.checkValue($0.key) })
  }

  /// The communication key of one device and epoch.
  ///
  /// - Parameter random: of the device's provisioning.
  public func communicationKey(
    _ holder: KeyLadder.Holder, random: [UInt8], epoch: KeyEpoch, platformRandom: [UInt8], deviceRandom: [UInt8]
  ) throws(KeyLadderError) -> SecretBytes {
    try KeyLadder.communicationKey(
      deviceKey: deviceKey(holder, random), device: holder.device, epoch: epoch, platformRandom: platformRandom,
      deviceRandom: deviceRandom)
  }
}
