import Kernel

extension LatestValues.Device {
  /// As stored: a version, and for each value its metric, whether it is a text, its two times and itself.
  func bytes(metrics: [UInt16?]) -> [UInt8] {
    var writer = VarintWriter()
    writer.append(1)
    for (index, slot) in slots.enumerated() where slot.isSet {
      guard index < metrics.count, let metric = metrics[index] else { continue }
      writer.append(UInt64(metric) << 1 | (slot.isText ? 1 : 0))
      writer.append(UInt64(bitPattern: slot.deviceTime.microseconds))
      writer.append(UInt64(bitPattern: slot.receivedAt.microseconds))
      if slot.isText {
        writer.append(contentsOf: Array((texts[UInt16(index)] ?? "").utf8))
      } else {
        writer.append(UInt64(bitPattern: slot.value << 1 ^ slot.value >> 63))
        writer.append(UInt64(model.rule(at: UInt16(index))?.scale ?? 0))
      }
    }
    return writer.bytes
  }

  /// Reads what `bytes` wrote; values that the model does not know (any more) are left out.
  init(bytes: [UInt8], model: CompiledModel, metrics: MetricNumbers) {
    self.init(model)
    var reader = VarintReader(bytes)
    guard reader.next() == 1 else { return }
    while let head = reader.next(), let deviceTime = reader.next(), let receivedAt = reader.next() {
      let isText = head & 1 == 1
      var slot = LatestValues.Slot(
        isSet: true, isText: isText, deviceTime: Instant(microseconds: Int64(bitPattern: deviceTime)),
        receivedAt: Instant(microseconds: Int64(bitPattern: receivedAt)))
      var text: String?
      var scale = 0
      if isText {
        guard let stored = reader.nextText() else { return }
        text = String(decoding: stored, as: UTF8.self)
      } else {
        guard let zigzag = reader.next(), let stored = reader.next() else { return }
        slot.value = Int64(bitPattern: zigzag >> 1) ^ -Int64(bitPattern: zigzag & 1)
        scale = Int(clamping: stored)
      }
      put(slot, text, scale: scale, name: metrics.name(UInt16(truncatingIfNeeded: head >> 1)))
    }
  }

  private mutating func put(_ stored: LatestValues.Slot, _ text: String?, scale: Int, name: String?) {
    guard let name, let rule = model.property(named: name), (rule.kind == .text) == stored.isText else { return }
    var slot = stored
    if !stored.isText {
      guard let value = rule.scaled(mantissa: stored.value, scale: scale), rule.admits(value) else { return }
      slot.value = value
    }
    slots[Int(rule.index)] = slot
    if let text { texts[rule.index] = text }
  }
}
