package import Kernel
import Synchronization

/// A token bucket a name: so many at once, then so many a second.
///
/// Bounded: it remembers at most `namesMax` names and forgets the fullest first, which are those that asked least.
package final class RateLimiter: Sendable {
  private struct Bucket {
    var tokens: Double
    var at: Instant
  }

  private let burst: Double
  private let perSecond: Double
  private let namesMax: Int
  private let time: Timekeeper
  private let buckets = Mutex<[String: Bucket]>([:])

  /// - Parameters:
  ///   - burst: how many at once, at least 1.
  ///   - perSecond: how many a second after that; above 0.
  package init(burst: Int, perSecond: Double, namesMax: Int = 10_000, time: Timekeeper) {
    precondition(burst >= 1 && perSecond > 0 && namesMax >= 16)
    self.burst = Double(burst)
    self.perSecond = perSecond
    self.namesMax = namesMax
    self.time = time
  }

  /// Counts one for the name.
  ///
  /// - Throws: `Problem.limited` with the whole seconds until the next is allowed.
  package func take(_ name: String) throws(Problem) {
    try spend(name, 1)
  }

  /// Stops a name that has none left, without counting.
  package func check(_ name: String) throws(Problem) {
    try spend(name, 0)
  }

  /// How many names are remembered.
  package var names: Int { buckets.withLock { $0.count } }

  private func spend(_ name: String, _ amount: Double) throws(Problem) {
    let now = time.now()
    let missing = buckets.withLock { buckets -> Double in
      if buckets.count >= namesMax, buckets[name] == nil { forget(&buckets, now) }
      var bucket = buckets[name] ?? Bucket(tokens: burst, at: now)
      bucket.tokens = tokens(bucket, now)
      bucket.at = now
      let missing = 1 - bucket.tokens
      if missing <= 0 { bucket.tokens -= amount }
      buckets[name] = bucket.tokens >= burst ? nil : bucket
      return missing
    }
    if missing > 0 { throw .limited(retryAfterSeconds: max(1, Int((missing / perSecond).rounded(.up)))) }
  }

  private func tokens(_ bucket: Bucket, _ now: Instant) -> Double {
    let seconds = Double(max(0, now.microseconds(since: bucket.at))) / 1_000_000
    return min(burst, bucket.tokens + seconds * perSecond)
  }

  private func forget(_ buckets: inout [String: Bucket], _ now: Instant) {
    buckets = buckets.filter { tokens($0.value, now) < burst }
    guard buckets.count >= namesMax else { return }
    let kept = buckets.sorted { tokens($0.value, now) < tokens($1.value, now) }.prefix(namesMax / 2)
    buckets = Dictionary(uniqueKeysWithValues: kept.map { ($0.key, $0.value) })
  }
}
