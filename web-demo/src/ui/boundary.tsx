// boundary.tsx - keeps a part of the page that cannot be drawn from taking the rest with it.
// Room: page. Threads: the page's main thread.
import { Component, type ComponentChildren } from 'preact';
import { Empty } from './empty.tsx';

/** Draws its children; where that fails, a sentence and a button. With another `key` it tries anew. */
export class Boundary extends Component<{ what: string; children: ComponentChildren }, { failed: boolean }> {
  override state = { failed: false };

  static override getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <Empty bad title={`${this.props.what} could not be drawn`}
        text="The page failed on what it was to show here; that is a fault of the page. The rest of it, and what is recorded, are not touched.">
        <button type="button" class="button" onClick={() => this.setState({ failed: false })}>Draw it again</button>
      </Empty>
    );
  }
}
