"""Method: use. A learner by a network, of the Python package as it is installed: python.py installs
it and runs this."""
import unittest

import gyre


class Network(unittest.TestCase):
    def test_a_dqn_finds_the_better_action_and_goes_on_from_what_was_saved(self):
        settings = dict(hidden=(8, 8), batch=16, warmup=16, capacity=300, explore_over=300)
        with gyre.Dqn(2, 3, discount=-1.0, **settings) as dqn, \
                gyre.Dqn(2, 3, discount=-1.0, **settings) as other:
            for i in range(600):
                seen = [i % 2, 1]
                action = dqn.act(seen)
                dqn.observe(seen, action, float(action == i % 2 + 1), seen, terminated=True)
            worth = dqn.worth([0, 1, 1, 1])
            self.assertEqual([max(range(3), key=lambda a: worth[3 * s + a]) for s in range(2)],
                             [1, 2])
            self.assertEqual(dqn.metrics['observations'], 600)
            saved = dqn.save()
            other.load(saved)
            self.assertEqual(other.save(), saved)
            for each in (dqn, other):
                each.observe_many([0, 1, 1, 1], [1, 0], [1, 0], [1, 1, 0, 1], [0, 1])
                each.train(2)
            self.assertEqual(other.save(), dqn.save())
            with self.assertRaisesRegex(gyre.Error, 'CORRUPT'):
                other.load(saved[:-1] + bytes([saved[-1] ^ 1]))
            with self.assertRaisesRegex(gyre.Error, 'ARG'):
                dqn.observe([0, 1], 3, 0.0, [0, 1])
            with self.assertRaisesRegex(ValueError, 'observations of 2'):
                dqn.act([1])
            with self.assertRaises(TypeError):
                gyre.Dqn(2, 3, layerz=1)


if __name__ == '__main__':
    unittest.main()
