public import Guomi

/// A file of device keys for a factory station without a network: made by the platform, opened by that station only.
///
/// | bytes | what |
/// |---|---|
/// | 8 | "LZGYPB1\n" |
/// | 16 | batch id |
/// | LP | station id |
/// | 8, 8 | when the station may use it: from, until (seconds since 1970 UTC) |
/// | 4 | version of the root key |
/// | 4 | how many devices |
/// | LP | file key (16 bytes), encrypted with SM2 to the station |
/// | 4 + n | entries, sealed with SM4-GCM under the file key; associated: all before |
/// | 64 | the platform's signature of all before |
///
/// An entry: LP(element), LP(device), random (32), device key (32).
///
/// - Source: clauses 9.4 d and 9.2.2 b (root keys from the factory by a trusted channel).
public struct ProvisioningBatch: Sendable {
  /// Devices of one file.
  public static let devicesMax = 10_000
  static let byteCountMax = 4 << 20
  private static let magic = Array("LZGYPB1\n".utf8)

  /// One device of the file.
  public struct Entry: Sendable {
    public let holder: KeyLadder.Holder
    public let random: [UInt8]
    public let key: SecretBytes

    /// - Throws: `.length`.
    public init(holder: KeyLadder.Holder, random: [UInt8], key: SecretBytes) throws(KeyLadderError) {
      guard random.count == KeyLadder.deviceRandomByteCount, key.count == KeyLadder.keyByteCount else { throw .length }
      self.holder = holder
      self.random = random
      self.key = key
    }
  }

  /// What everybody may know of a file.
  public struct Head: Hashable, Sendable {
    /// 16 bytes.
    public let id: [UInt8]
    public let station: [UInt8]
    /// Seconds since 1970 UTC.
    public let validity: Range<UInt64>
    public let rootVersion: UInt32

    /// - Throws: `.length`, `.id`.
    public init(id: [UInt8], station: [UInt8], validity: Range<UInt64>, rootVersion: UInt32) throws(KeyLadderError) {
      guard id.count == 16 else { throw .length }
      guard KeyLadder.idByteCountRange.contains(station.count) else { throw .id }
      self.id = id
      self.station = station
      self.validity = validity
      self.rootVersion = rootVersion
    }

    func bytes(count: Int) -> [UInt8] {
      var bytes = ProvisioningBatch.magic + id
      bytes += KeyLadder.prefixed(station)
      bytes += bigEndian(validity.lowerBound)
      bytes += bigEndian(validity.upperBound)
      bytes += bigEndian(rootVersion)
      bytes += bigEndian(UInt32(count))
      return bytes
    }
  }

  /// Writes a file.
  ///
  /// - Parameters:
  ///   - entries: 1 to 10,000, of different devices.
  ///   - station: whose private key alone opens it.
  /// - Throws: `.length` for none, too many or twice the same; `.random`.
  public static func seal(
    _ entries: [Entry], head: Head, station: SM2.EncryptionKey, random: RandomSource, sign: ([UInt8]) throws -> [UInt8]
  ) throws(KeyLadderError) -> [UInt8] {
    guard (1...devicesMax).contains(entries.count), Set(entries.map(\.holder.device)).count == entries.count else {
      throw .length
    }
    do {
      let fileKey = try random.secret(SM4.keyByteCount)
      let wrapped = try station.encrypt(fileKey, random: random).raw
      let front = head.bytes(count: entries.count) + KeyLadder.prefixed(wrapped)
      // Sealed and wiped: the keys stand together in one secret for this moment only.
      let plain = body(entries)
      let sealed = try SM4.GCMKey(fileKey, random: random).seal(plain, authenticating: front)
      let signed = front + bigEndian(UInt32(sealed.count)) + sealed
      let signature = try sign(statement(signed))
      guard signature.count == AgreementWay.signatureByteCount else { throw KeyLadderError.length }
      return signed + signature
    } catch let error as KeyLadderError {
      throw error
    } catch {
      throw .random
    }
  }

  private static func body(_ entries: [Entry]) -> SecretBytes {
    let parts: [[UInt8]] = entries.map { entry in
      KeyLadder.prefixed(entry.holder.element ?? []) + KeyLadder.prefixed(entry.holder.device) + entry.random
    }
    let count = parts.reduce(0) { $0 + $1.count + KeyLadder.keyByteCount }
    return SecretBytes(count: count) { out in
      var offset = 0
      for (entry, part) in zip(entries, parts) {
        UnsafeMutableRawBufferPointer(rebasing: out[offset...]).copyBytes(from: part)
        offset += part.count
        entry.key.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: out[offset...]).copyMemory(from: $0) }
        offset += KeyLadder.keyByteCount
      }
    }
  }

  /// Opens a file at the station.
  ///
  /// - Parameters:
  ///   - station: the station's own id.
  ///   - now: seconds since 1970 UTC.
  ///   - platform: who must have signed it.
  /// - Throws: `.malformed`, `.notAuthentic`, `.id` for another station's file, `.epoch` outside its time.
  public static func open(
    _ bytes: [UInt8], station: [UInt8], now: UInt64, platform: SM2.VerifyingKey,
    decrypt: (SM2.Ciphertext) throws -> SecretBytes
  ) throws(KeyLadderError) -> (head: Head, entries: [Entry]) {
    guard bytes.count > AgreementWay.signatureByteCount, bytes.count <= byteCountMax else { throw .malformed }
    let signed = Array(bytes.dropLast(AgreementWay.signatureByteCount))
    guard let signature = try? SM2.Signature(raw: bytes.suffix(AgreementWay.signatureByteCount)),
      platform.isValid(signature, for: statement(signed))
    else { throw .notAuthentic }
    var reader = ByteReader(signed)
    guard try reader.bytes(magic.count) == magic else { throw .malformed }
    let id = try reader.bytes(16)
    let owner = try reader.prefixed(KeyLadder.idByteCountRange)
    let (from, until) = (try reader.integer(bytes: 8), try reader.integer(bytes: 8))
    guard from < until else { throw .malformed }
    let version = UInt32(try reader.integer(bytes: 4))
    let count = Int(try reader.integer(bytes: 4))
    let wrapped = try reader.prefixed(1...256)
    let length = Int(try reader.integer(bytes: 4))
    let sealed = try reader.bytes(length)
    guard reader.isAtEnd, (1...devicesMax).contains(count) else { throw .malformed }
    let head = try Head(id: id, station: owner, validity: from..<until, rootVersion: version)
    guard owner == station else { throw .id }
    guard head.validity.contains(now) else { throw .epoch }
    let front = signed.prefix(signed.count - 4 - length)
    guard let ciphertext = try? SM2.Ciphertext(raw: wrapped), let fileKey = try? decrypt(ciphertext),
      let key = try? SM4.GCMKey(fileKey, random: Self.none),
      let plain = try? key.openSecret(sealed, authenticating: front)
    else { throw .notAuthentic }
    return (head, try entries(plain, count: count))
  }

  private static func entries(_ plain: SecretBytes, count: Int) throws(KeyLadderError) -> [Entry] {
    try plain.withUnsafeBytes { (buffer) throws(KeyLadderError) in
      var offset = 0
      func take(_ count: Int) throws(KeyLadderError) -> [UInt8] {
        guard count >= 0, buffer.count - offset >= count else { throw .malformed }
        defer { offset += count }
        return Array(buffer[offset..<(offset + count)])
      }
      func prefixed() throws(KeyLadderError) -> [UInt8] {
        try take(Int(try take(2).reduce(0) { $0 << 8 | UInt16($1) }))
      }
      var entries: [Entry] = []
      for _ in 0..<count {
        let (element, device) = (try prefixed(), try prefixed())
        let random = try take(KeyLadder.deviceRandomByteCount)
        guard buffer.count - offset >= KeyLadder.keyByteCount else { throw .malformed }
        let key = plain.part(offset..<(offset + KeyLadder.keyByteCount))
        offset += KeyLadder.keyByteCount
        let holder = try KeyLadder.Holder(element: element.isEmpty ? nil : element, device: device)
        entries.append(try Entry(holder: holder, random: random, key: key))
      }
      guard offset == buffer.count else { throw .malformed }
      return entries
    }
  }

  /// What is signed: a hash, so that files of any size fit.
  private static func statement(_ signed: [UInt8]) -> [UInt8] {
    Array("LZGY-PBF-1".utf8) + SM3.hash(signed).bytes
  }

  /// Opening needs no random numbers.
  private static let none = RandomSource { (_: UnsafeMutableRawBufferPointer) throws(RandomFailure) in
    throw RandomFailure(reason: "opening makes no nonce")
  }
}
