// Two soft notes, made rather than fetched. A browser that has not been touched yet stays silent, and so do we.
export function chime(): void {
  try {
    const audio = new AudioContext();
    [660, 880].forEach((hertz, i) => note(audio, hertz, audio.currentTime + i * 0.12));
    setTimeout(() => void audio.close(), 1000);
  } catch {
    // No sound here.
  }
}

function note(audio: AudioContext, hertz: number, at: number): void {
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  tone.frequency.value = hertz;
  volume.gain.setValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(0.08, at + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.35);
  tone.connect(volume).connect(audio.destination);
  tone.start(at);
  tone.stop(at + 0.4);
}
