package import Guomi
package import Kernel
import Synchronization
import WireFormats

/// The one door to secrets: seals and opens fields, with data keys that it gets from the key service and keeps, bounded
/// and for a bounded time.
///
/// ```swift
/// let sealer = try await vault.sealer(Sensitive.self, organisation: organisation, purpose: "residents")
/// let sealed: Sealed<String, Sensitive> = try sealer.seal(number, at: place, record: record)
/// let opened = try await vault.open(sealed, at: place, record: record, for: access)
/// ```
package final class Vault: Sendable {
  /// Limits of what is kept.
  package struct Options: Sendable {
    /// The most data keys in memory; the one that was not used for longest goes first.
    package var keysMax = 1_024
    /// How long a key is kept without asking again: as long a disabled key still opens here.
    package var keptSeconds = 900
    /// How many values a sealer may seal at most.
    package var sealerValuesMax = 1 << 20

    package init() {}
  }

  private let source: any KeySource
  private let random: RandomSource
  private let time: Timekeeper
  private let options: Options
  private let audit: @Sendable (SealedOpening) async throws -> Void
  private let cache: Mutex<DataKeyCache>

  /// - Parameters:
  ///   - source: the key service.
  ///   - random: for salts and nonces.
  ///   - audit: writes one entry; when it throws nothing is opened.
  package init(
    source: any KeySource, random: RandomSource, time: Timekeeper, options: Options = Options(),
    audit: @escaping @Sendable (SealedOpening) async throws -> Void
  ) {
    self.source = source
    self.random = random
    self.time = time
    self.options = options
    self.audit = audit
    cache = Mutex(DataKeyCache(keysMax: options.keysMax))
  }

  /// What seals values of a class for an organisation and a purpose.
  ///
  /// - Parameters:
  ///   - purpose: a context's word: `residents`; 1 to 32 small letters, digits and hyphens.
  ///   - count: how many values are to be sealed with it, 1 to `Options.sealerValuesMax`.
  /// - Throws: `.unreachable`, `.sealed`: then nothing can be written that needs sealing.
  package func sealer<Class: SealClass>(
    _: Class.Type, organisation: ID<Organisation>, purpose: String, count: Int = 1_000
  ) async throws(VaultError) -> Sealer<Class> {
    guard (1...options.sealerValuesMax).contains(count) else {
      throw .tooLarge(bytes: count, max: options.sealerValuesMax)
    }
    let name = DataKeyCache.Lease(organisation: organisation, purpose: purpose, suite: Class.suite)
    let now = time.now()
    if let material = cache.withLock({ $0.take(name, count: count, at: now) }) {
      return Sealer(organisation: organisation, material: material, random: random, count: count)
    }
    let answer = try await source.call(
      .call(
        .lease,
        [
          ("organisation", .bytes(organisation.bytes)), ("purpose", .text(purpose)),
          ("suite", .text(Class.suite.word)), ("count", .integer(max(count, 1 << 20))),
        ]))
    guard let id = answer.body["key"]?.byteString.flatMap({ ID<DataKey>(bytes: $0) }),
      let granted = answer.body["count"]?.integer, granted >= count, let secret = answer.secret
    else { throw .malformed }
    let material = try DataKeyMaterial(id: id, suite: Class.suite, secret: secret)
    let until = now.advanced(by: .seconds(options.keptSeconds))
    cache.withLock { $0.put(name, material, count: Int(granted) - count, until: until) }
    return Sealer(organisation: organisation, material: material, random: random, count: count)
  }

  /// Opens a sealed value, after the entry in the audit log.
  ///
  /// - Parameters:
  ///   - place: where it was read: a value that stands elsewhere than it was sealed for does not open.
  ///   - record: the record key it was sealed with, if it was.
  /// - Throws: `.denied`, `.reasonMissing`, `.notAuthentic`, `.erased`, `.auditFailed`, `.unreachable` …
  package func open<Value, Class>(
    _ sealed: Sealed<Value, Class>, at place: SealedPlace, record: RecordKey? = nil, for access: SealedAccess
  ) async throws(VaultError) -> Opened<Value> {
    do throws(Denied) { try access.principal.requireSomewhere(access.permission) } catch { throw .denied(error) }
    guard access.principal.organisation == place.organisation else { throw .keyUnknown }
    guard (1...500).contains(access.reason.count) else { throw .reasonMissing }
    let layout = try SealedLayout(sealed.stored)
    let result = await material(layout.key, layout.suite, of: place.organisation)
    let opened: Result<SecretBytes, VaultError> = result.flatMap { material in
      Result { () throws(VaultError) in
        try material.open(sealed.stored, at: place, recordSalt: record?.salt)
      }
    }
    var failure: VaultError?
    if case .failure(let error) = opened { failure = error }
    do {
      try await audit(SealedOpening(place: place, key: layout.key, access: access, failure: failure?.code))
    } catch {
      throw failure ?? .auditFailed
    }
    return Opened(try opened.get())
  }

  /// Forgets all keys at once: what was disabled is then asked for again.
  package func forget() {
    cache.withLock { $0 = DataKeyCache(keysMax: options.keysMax) }
  }

  /// Sixteen fresh bytes for a new record key.
  package func newSalt() throws(VaultError) -> [UInt8] {
    do { return try random.bytes(SealedLayout.saltBytes) } catch {
      throw .refused(code: "vault.random", detail: "The random generator is out of order.")
    }
  }

  private func material(
    _ id: ID<DataKey>, _ suite: Suite, of organisation: ID<Organisation>
  ) async -> Result<DataKeyMaterial, VaultError> {
    let now = time.now()
    if let material = cache.withLock({ $0.material(id, organisation, at: now) }) {
      // The same key under another suite's name is another ciphertext.
      return material.suite == suite ? .success(material) : .failure(.notAuthentic)
    }
    do throws(VaultError) {
      let answer = try await source.call(
        .call(.fetch, [("organisation", .bytes(organisation.bytes)), ("key", .bytes(id.bytes))]))
      guard let word = answer.body["suite"]?.string, let found = Suite(word: word), let secret = answer.secret
      else { throw .malformed }
      guard found == suite else { throw .notAuthentic }
      let material = try DataKeyMaterial(id: id, suite: suite, secret: secret)
      let until = now.advanced(by: .seconds(options.keptSeconds))
      cache.withLock { $0.put(material, organisation, until: until) }
      return .success(material)
    } catch {
      return .failure(error)
    }
  }

  /// The key of blind indices, from memory or from the key service.
  func indexKey(_ organisation: ID<Organisation>, _ purpose: String) async throws(VaultError) -> SecretBytes {
    let now = time.now()
    if let key = cache.withLock({ $0.index(organisation, purpose, at: now) }) { return key }
    let answer = try await source.call(
      .call(.index, [("organisation", .bytes(organisation.bytes)), ("purpose", .text(purpose))]))
    guard let secret = answer.secret, secret.count == 32 else { throw .malformed }
    let until = now.advanced(by: .seconds(options.keptSeconds))
    cache.withLock { $0.putIndex(organisation, purpose, secret, until: until) }
    return secret
  }
}

/// One opening, for the audit log: who, what, why and how it went; never the value.
package struct SealedOpening: Sendable {
  package let place: SealedPlace
  package let key: ID<DataKey>
  package let access: SealedAccess
  /// The error's code when it did not open.
  package let failure: String?
}
