"""Method: scenarios. gyre.sb3 as Stable-Baselines3 uses it, of the package installed."""
import importlib.util
import types
import unittest

try:
    import numpy
except ImportError:
    numpy = None


class Buffers(unittest.TestCase):
    @unittest.skipUnless(numpy, 'no numpy')
    def test_steps_are_replayed_as_stable_baselines_asks_for_them(self):
        from gyre.sb3 import ReplayBuffer
        box = types.SimpleNamespace(shape=(2,), dtype=numpy.dtype('f8'))
        two = types.SimpleNamespace(shape=(), n=2, dtype=numpy.dtype('i8'))
        buffer = ReplayBuffer(9, box, two, device='cpu', n_envs=2)
        self.assertEqual((buffer.size(), buffer.full, buffer.obs_shape, buffer.action_dim),
                         (0, False, (2,), 1))
        for step in range(6):
            at = numpy.array([[step, 0], [step, 1]], float)
            buffer.add(at, at + 10, numpy.array([[0], [1]]), numpy.array([step, step + .5]),
                       numpy.array([step == 5, True]), [{}, {'TimeLimit.truncated': step == 4}])
            self.assertEqual(buffer.size(), min(step + 1, 4))
        self.assertEqual((buffer.full, buffer.pos), (True, 2))
        drawn = buffer.sample(400)
        self.assertEqual([part.shape for part in drawn[:5]],
                         [(400, 2), (400, 1), (400, 2), (400, 1), (400, 1)])
        self.assertEqual([str(part.dtype).split('.')[-1] for part in drawn[:5]],
                         ['float32', 'int64', 'float32', 'float32', 'float32'])
        seen = set()
        for (step, which), action, following, over, reward in zip(*map(numpy.asarray, drawn[:5])):
            seen.add((float(step), float(which)))
            self.assertEqual((action[0], *following), (which, step + 10, which + 10))
            self.assertEqual(reward[0], step + which / 2)
            self.assertEqual(over[0], step == 5 if which == 0 else step != 4)
        self.assertEqual(seen, {(s, w) for s in (2, 3, 4, 5) for w in (0, 1)})
        halves = types.SimpleNamespace(normalize_obs=lambda a: a / 2, normalize_reward=lambda a: -a)
        drawn = buffer.sample(4, halves)
        self.assertTrue((numpy.asarray(drawn.observations) <= 2.5).all())
        self.assertTrue((numpy.asarray(drawn.rewards) <= -2).all())
        buffer.reset()
        self.assertEqual(buffer.size(), 0)
        with self.assertRaisesRegex(ValueError, 'optimize_memory_usage'):
            ReplayBuffer(9, box, two, optimize_memory_usage=True)

    @unittest.skipUnless(numpy and importlib.util.find_spec('stable_baselines3'),
                         'no SB3: pip install stable-baselines3')
    def test_stable_baselines_learns_from_it(self):
        from gyre.sb3 import ReplayBuffer
        from stable_baselines3 import DQN
        model = DQN('MlpPolicy', 'CartPole-v1', replay_buffer_class=ReplayBuffer, buffer_size=1500,
                    learning_starts=100, device='cpu', seed=1)
        before = [p.detach().clone() for p in model.q_net.parameters()]
        model.learn(2000)
        self.assertEqual((model.replay_buffer.size(), model.replay_buffer.full), (1500, True))
        self.assertFalse(all(bool((old == new).all())
                             for old, new in zip(before, model.q_net.parameters())))


if __name__ == '__main__':
    unittest.main()
