import { useTick } from '../live/clock';
import { live, useLive } from '../live/stream';
import { span } from '../format';

export function DisconnectedBar() {
  const { connection, lastEvent } = useLive();
  useTick(1000);
  if (connection !== 'lost') return null;
  return (
    <div className="disconnected" role="alert">
      <span>
        <strong>Not connected.</strong>{' '}
        {lastEvent
          ? `What you see is ${span((Date.now() - lastEvent) / 1000)} old.`
          : 'The server has not answered yet.'}{' '}
        Trying again by itself; is <code>tarn up</code> running?
      </span>
      <button type="button" onClick={live.retryNow}>
        Now
      </button>
    </div>
  );
}
